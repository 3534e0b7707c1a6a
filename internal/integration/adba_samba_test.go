//go:build integration && linux

package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
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
	dir    string // of its database
	conf   string // smb.conf
	caFile string // of the authority that signed the certificate
	cert   string // of dc01.corp.example
	key    string
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
	f.caFile, f.cert, f.key = issue(t, dir)
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
		_ = <-ended // killed, it has failed
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

// own are the options with which the domain controller shows the certificate of
// the test's authority.
func (f forest) own() []string {
	return []string{"--option=tls certfile=" + f.cert, "--option=tls keyfile=" + f.key, "--option=tls cafile=" + f.caFile}
}

// issue makes an authority and a certificate for dc01.corp.example.
func issue(t *testing.T, dir string) (caFile, certFile, keyFile string) {
	t.Helper()
	template := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
	}
	newKey := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	sign := func(c, parent *x509.Certificate, key, by *ecdsa.PrivateKey) string {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	ca, caKey := template(1, "authority of a test"), newKey()
	ca.IsCA, ca.KeyUsage = true, x509.KeyUsageCertSign
	leaf, leafKey := template(2, "dc01"), newKey()
	leaf.DNSNames, leaf.ExtKeyUsage = []string{"dc01.corp.example"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	caFile = write(t, dir, "ca.pem", sign(ca, ca, caKey, caKey))
	certFile = write(t, dir, "dc01.pem", sign(leaf, ca, leafKey, caKey))
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	keyFile = filepath.Join(dir, "dc01.key")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return caFile, certFile, keyFile
}
