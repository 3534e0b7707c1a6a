package evidence

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// ActivationObject is one object of AD-based activation, of the directory class
// msSPP-ActivationObject. It stands for one host key that the forest's clients
// activate with. Absent attributes are empty.
type ActivationObject struct {
	Origin       Origin    `json:"origin"`
	DN           string    `json:"dn,omitempty"`
	Name         string    `json:"name,omitempty"`          // its common name
	DisplayName  string    `json:"display_name,omitempty"`  // what slmgr /ao-list calls the activation object's name
	ActivationID string    `json:"activation_id,omitempty"` // of the host key (msSPP-CSVLKSkuId)
	CountedIDs   []string  `json:"counted_ids,omitempty"`   // of the products that it activates (msSPP-KMSIds)
	EPID         string    `json:"epid,omitempty"`          // of the host key (msSPP-CSVLKPid)
	PartialKey   string    `json:"partial_key,omitempty"`   // last five characters (msSPP-CSVLKPartialProductKey)
	Holds        []string  `json:"holds,omitempty"`         // which of the other attributes it has: issuance-license, config-license, online-license, phone-license, installation-id, confirmation-id
	Created      time.Time `json:"created,omitzero"`        // UTC
	Changed      time.Time `json:"changed,omitzero"`        // UTC
	Problem      string    `json:"problem,omitempty"`       // an attribute that could not be read
	Domain       string    `json:"domain,omitempty"`        // the domain that was asked about
	Host         string    `json:"host,omitempty"`          // the domain controller it was read from
}

// DirectoryStep is a part of a conversation with a directory server.
type DirectoryStep string

// The steps, in their order. With StartTLS the root entry is read before and
// after encryption.
const (
	DirectoryConnect DirectoryStep = "connect"
	DirectoryRoot    DirectoryStep = "root"   // the root entry, anonymously
	DirectoryTLS     DirectoryStep = "tls"    // StartTLS, or the handshake of LDAPS
	DirectoryBind    DirectoryStep = "bind"   // name and password, or a ticket
	DirectorySearch  DirectoryStep = "search" // of the activation objects
)

// DirectoryOutcome is how a conversation with a directory server ended.
type DirectoryOutcome string

// The outcomes of a conversation with a directory server.
const (
	DirectoryDone         DirectoryOutcome = "read"          // the objects, or that there are none
	DirectoryNoContainer  DirectoryOutcome = "no-container"  // there is no container for activation objects, or this user does not see it
	DirectoryDenied       DirectoryOutcome = "denied"        // the server wants other rights, or a name and password
	DirectoryBadLogon     DirectoryOutcome = "bad-logon"     // name or password was not accepted
	DirectoryNoLogon      DirectoryOutcome = "no-logon"      // Windows gave no logon as the user of this session
	DirectoryNoTLS        DirectoryOutcome = "no-tls"        // the server offers no encryption, so that no password was sent
	DirectoryUntrusted    DirectoryOutcome = "untrusted"     // the server's certificate is not trusted, or of another name
	DirectoryReferred     DirectoryOutcome = "referred"      // the server sends on to others, which is not followed
	DirectoryNotAD        DirectoryOutcome = "not-ad"        // an LDAP server, but not one of Active Directory
	DirectoryMalformed    DirectoryOutcome = "malformed"     // what came is no proper LDAP, or more than is read
	DirectorySilent       DirectoryOutcome = "silent"        // nothing came within the limit
	DirectoryClosed       DirectoryOutcome = "closed"        // the server ended the connection
	DirectoryUnreachable  DirectoryOutcome = "unreachable"   // no connection
	DirectoryCancelled    DirectoryOutcome = "cancelled"     // the run was stopped
	DirectoryNoAddress    DirectoryOutcome = "no-address"    // no address of the server is known
	DirectoryOtherOutcome DirectoryOutcome = "other-refusal" // another LDAP result; Detail names it
)

// DirectoryRead is one conversation with a directory server about activation
// objects.
type DirectoryRead struct {
	Origin     Origin           `json:"origin"`
	Domain     string           `json:"domain,omitempty"`      // the domain that was asked about
	Host       string           `json:"host"`                  // the server's name, or its address where no name is known
	Address    netip.AddrPort   `json:"address,omitzero"`      // zero where none was found
	Step       DirectoryStep    `json:"step"`                  // the last one that was begun
	Outcome    DirectoryOutcome `json:"outcome"`               // of that step
	Detail     string           `json:"detail,omitempty"`      // what more is known, for a person
	TLS        string           `json:"tls,omitempty"`         // "starttls" or "ldaps" once encrypted
	Unverified bool             `json:"unverified,omitempty"`  // the certificate was not checked, as the user wished
	LoggedOn   bool             `json:"logged_on,omitempty"`   // bound with a name; otherwise anonymous
	ConfigNC   string           `json:"config_nc,omitempty"`   // the forest's configuration naming context
	ServerName string           `json:"server_name,omitempty"` // what the server calls itself (dnsHostName)
	Referrals  []string         `json:"referrals,omitempty"`   // hosts the server referred to; none was asked
	Objects    int              `json:"objects"`               // that were read
	Partial    bool             `json:"partial,omitempty"`     // there are, or may be, more
	Started    time.Time        `json:"started,omitzero"`
	Took       time.Duration    `json:"took,omitempty"` // nanoseconds in JSON
}

// Read tells whether it is known which activation objects there are.
func (d DirectoryRead) Read() bool {
	return d.Outcome == DirectoryDone && (d.LoggedOn || d.Objects > 0) || d.Outcome == DirectoryNoContainer && d.LoggedOn
}

// directoryFacts says what directories hold.
func (s *Set) directoryFacts(add addFact) {
	for _, d := range s.DirectoryReads {
		add(d.Origin, "directory server "+Clean(d.Host), string(d.Step)+": "+strings.ReplaceAll(string(d.Outcome), "-", " "), Clean(d.Detail),
			when(d.Read(), fmt.Sprintf("activation objects: %d", d.Objects)), when(d.Partial, "there may be more"))
	}
	for _, o := range s.ActivationObjects {
		created := ""
		if !o.Created.IsZero() {
			created = o.Created.UTC().Format("2006-01-02")
		}
		add(o.Origin, strings.TrimSpace("activation object "+Clean(o.Title())), say("key", o.PartialKey), say("activation id", o.ActivationID),
			say("ePID", o.EPID), say("counted ids", strings.Join(o.CountedIDs, " ")), say("created", created), Clean(o.Problem))
	}
}

// Title is what to call the object: its display name, or its common name. It is
// as the directory has it, to be cleaned before it is shown.
func (o ActivationObject) Title() string {
	if o.DisplayName != "" {
		return o.DisplayName
	}
	return o.Name
}

// Text says in words how the conversation ended, without the server's name.
func (d DirectoryRead) Text() string {
	text := string(d.Outcome)
	switch d.Outcome {
	case DirectoryDone:
		text = fmt.Sprintf("%d activation objects", d.Objects)
		if d.Objects == 1 {
			text = "1 activation object"
		}
	case DirectoryNoContainer:
		text = "shows this user no container of activation objects"
		if !d.LoggedOn {
			text = "shows no container of activation objects without a name"
		}
	case DirectoryDenied:
		text = "does not show them to this user"
		if !d.LoggedOn {
			text = "wants a name and a password"
		}
	case DirectoryBadLogon:
		text = "did not accept the logon"
	case DirectoryNoLogon:
		text = "could not be asked as the logged-on user"
	case DirectoryNoTLS:
		text = "gave no encrypted connection, so no password was sent"
	case DirectoryUntrusted:
		text = "showed a certificate that was refused, so no password was sent"
	case DirectoryReferred:
		text = "refers to others, which were not asked"
	case DirectoryNotAD:
		text = "is no domain controller"
	case DirectoryMalformed:
		text = "sent no proper answer"
	case DirectorySilent:
		text = "is silent"
	case DirectoryClosed:
		text = "closed the connection"
	case DirectoryUnreachable:
		text = "cannot be reached"
	case DirectoryCancelled:
		text = "was not asked to the end"
	case DirectoryNoAddress:
		text = "has no address in DNS"
		if d.Detail != "" {
			text = "was not found"
		}
	case DirectoryOtherOutcome:
		text = "refused"
	}
	switch d.Outcome {
	case DirectorySilent, DirectoryClosed, DirectoryMalformed:
		text += map[DirectoryStep]string{
			DirectoryConnect: " when it was connected to", DirectoryRoot: " when its root entry was read", DirectoryTLS: " when the connection was to be encrypted",
			DirectoryBind: " at the logon", DirectorySearch: " at the search",
		}[d.Step]
	}
	if d.Detail != "" {
		text += ": " + Clean(d.Detail)
	}
	return text
}
