//go:build integration && linux

package integration

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// forest is the directory of a Samba domain controller for corp.example, made
// once for the tests that use it.
type forest struct {
	dir    string   // of its database
	conf   string   // smb.conf
	caFile string   // of the authority that signed the certificate
	shown  []string // options with which it shows a certificate of dc01.corp.example
}

const (
	auditor         = "auditor@corp.example"
	auditorPassword = "Pa55word of a test"
	dcAddr          = "10.77.0.6"
)

// activationObjects is a container with two objects as Windows' Volume Activation
// Tools leave them: one for the Windows Server 2019 host key, one for a key that
// no table has. Ids are in the byte order of the directory; the rights are those of the
// schema, which Samba's copy of it does not grant.
const activationObjects = `dn: CN=Microsoft SPP,CN=Services,CN=Configuration,DC=corp,DC=example
objectClass: container
nTSecurityDescriptor: O:EAG:EAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)

dn: CN=Activation Objects,CN=Microsoft SPP,CN=Services,CN=Configuration,DC=corp,DC=example
objectClass: msSPP-ActivationObjectsContainer
nTSecurityDescriptor: O:EAG:EAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)

dn: CN=Server 2019,CN=Activation Objects,CN=Microsoft SPP,CN=Services,CN=Configuration,DC=corp,DC=example
objectClass: msSPP-ActivationObject
nTSecurityDescriptor: O:EAG:EAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)
displayName: Windows Server 2019 in the forest
msSPP-CSVLKSkuId:: 0Zp6LkmoVku6vhfVop/ktA==
msSPP-KMSIds:: 0Zp6LkmoVku6vhfVop/ktA==
msSPP-KMSIds:: aXJkUtiPLkGi8AAAAAAAAA==
msSPP-CSVLKPid: 06401-00206-551-000001-03-1033-17763.0000-0022024
msSPP-CSVLKPartialProductKey: ABCDE
msSPP-ConfirmationId: 123456
msSPP-IssuanceLicense:: AAECAw==

dn: CN=Another,CN=Activation Objects,CN=Microsoft SPP,CN=Services,CN=Configuration,DC=corp,DC=example
objectClass: msSPP-ActivationObject
nTSecurityDescriptor: O:EAG:EAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)
msSPP-CSVLKSkuId:: AQIDBAUGBwgJCgsMDQ4PEA==
msSPP-KMSIds:: AQIDBAUGBwgJCgsMDQ4PEA==
msSPP-CSVLKPid: not an ePID
msSPP-CSVLKPartialProductKey: VWXYZ
`

// newForest provisions a domain; ldif is added to its database.
func newForest(t *testing.T, ldif string) forest {
	t.Helper()
	needs(t, "ip", "dnsmasq", "samba", "samba-tool", "ldbadd")
	if _, err := os.Stat("/usr/share/samba/setup/provision.ldif"); err != nil {
		t.Skip("samba-ad-provision is not installed: ", err)
	}
	dir, err := os.MkdirTemp("", "adba") // short: sockets are made below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f := forest{dir: dir, conf: filepath.Join(dir, "etc", "smb.conf")}
	tool(t, "", "samba-tool", "domain", "provision", "--realm=CORP.EXAMPLE", "--domain=CORP", "--adminpass="+auditorPassword+"1",
		"--server-role=dc", "--targetdir="+dir, "--dns-backend=NONE", "--host-name=dc01", "--host-ip="+dcAddr)
	tool(t, "", "samba-tool", "user", "create", "auditor", auditorPassword, "-s", f.conf)
	if ldif != "" {
		tool(t, ldif, "ldbadd", "-H", filepath.Join(dir, "private", "sam.ldb"))
	}
	f.caFile, f.shown = issue(t, dir)
	return f
}

// serve starts the domain controller in the namespace, and ends it with the test.
func (f forest) serve(t *testing.T, n netns, options ...string) {
	t.Helper()
	args := []string{
		"--foreground", "--no-process-group", "--model=single", "--configfile=" + f.conf, "--debug-stdout", "--debuglevel=1",
		"--option=server services=ldap", "--option=interfaces=" + dcAddr + "/24", "--option=bind interfaces only=yes",
		"--option=pid directory=" + f.dir, "--option=ncalrpc dir=" + filepath.Join(f.dir, "ncalrpc"),
	}
	c := n.command(t.Context(), "samba", append(args, options...)...)
	log, err := os.Create(filepath.Join(f.dir, "samba.log"))
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	stop := func() {
		_ = c.Process.Kill()
		<-ended //nolint:errcheck // killed, it has failed
		_ = log.Close()
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		var conn net.Conn
		var refused error
		n.enter(t, func() error {
			conn, refused = (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", dcAddr+":636")
			return nil
		})
		if refused == nil {
			_ = conn.Close()
			break
		}
		select {
		case err := <-ended:
			ended <- err
		case <-time.After(50 * time.Millisecond):
			if time.Now().Before(deadline) {
				continue
			}
		}
		stop()
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("samba does not listen: %v\n%s", refused, text)
	}
	t.Cleanup(stop)
}

// newKey makes a key for a certificate.
func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sign returns a certificate in DER form.
func sign(t *testing.T, c, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
	t.Helper()
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// showing writes a certificate and its key down, and returns the options with which
// a domain controller shows it.
func showing(t *testing.T, dir, name, caFile string, der []byte, key *ecdsa.PrivateKey) []string {
	t.Helper()
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := write(t, dir, name+".pem", certificatePEM(der)), filepath.Join(dir, name+".key")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		t.Fatal(err)
	}
	if caFile == "" {
		caFile = certFile
	}
	return []string{"--option=tls certfile=" + certFile, "--option=tls keyfile=" + keyFile, "--option=tls cafile=" + caFile}
}

// issue makes an authority and a certificate for dc01.corp.example.
func issue(t *testing.T, dir string) (caFile string, shown []string) {
	t.Helper()
	ca, caKey := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, BasicConstraintsValid: true,
		IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}, newKey(t)
	leaf, key := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "dc01"}, BasicConstraintsValid: true,
		DNSNames: []string{"dc01.corp.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, newKey(t)
	caFile = write(t, dir, "ca.pem", certificatePEM(sign(t, ca, ca, caKey, caKey)))
	return caFile, showing(t, dir, "dc01", caFile, sign(t, leaf, ca, key, caKey), key)
}

// selfMade makes a certificate as Samba makes one for itself: the name of the host is
// its subject alone. The serial number begins with the byte: from 0x80 on it is
// negative, which crypto/x509 neither makes nor reads.
func selfMade(t *testing.T, dir string, first byte) []string {
	t.Helper()
	serial := []byte("\x40serial of a test")
	c, key := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: "dc01.corp.example"}, BasicConstraintsValid: true,
	}, newKey(t)
	der := sign(t, c, c, key, key)
	at := bytes.Index(der, serial)
	if at < 0 {
		t.Fatal("the certificate has another serial number")
	}
	der[at] = first // its signature, then wrong, is never looked at
	return showing(t, dir, fmt.Sprintf("self-%02x", first), "", der, key)
}
