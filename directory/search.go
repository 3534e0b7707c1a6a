package directory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kmsdiag/kmsdiag/evidence"
)

const (
	// container is where activation objects are, below the configuration naming context.
	container = "CN=Activation Objects,CN=Microsoft SPP,CN=Services,"
	filter    = "(objectClass=msSPP-ActivationObject)"

	pageSize = 100
	// maxPages lets a server fill its pages badly, but not for ever.
	maxPages = 4 * MaxObjects / pageSize
)

// search lists the activation objects: once with the values that are wanted, and
// once for which of the large ones there are, names alone.
func (s *session) search() error {
	s.read.Step = evidence.DirectorySearch
	// What a user may not see is not there: an empty list means something only in
	// a container that is.
	seen, err := s.ldap.Search(&ldap.SearchRequest{
		BaseDN: container + s.read.ConfigNC, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: []string{attrName},
		SizeLimit: 1, EnforceSizeLimit: true, TimeLimit: s.seconds(),
	})
	if err != nil {
		return err
	}
	s.refer(seen.Referrals)
	if len(seen.Entries) == 0 {
		return errNoContainer
	}
	err = s.pages(wanted, false, func(e *ldap.Entry) {
		o := decode(e)
		o.Host = s.server.Host()
		s.read.Found = append(s.read.Found, o)
	})
	if err != nil {
		return err
	}
	if len(s.read.Found) == 0 {
		return nil
	}
	held := map[string][]string{}
	err = s.pages(heldAttributes(), true, func(e *ldap.Entry) { held[strings.ToLower(e.DN)] = holds(e) })
	for i := range s.read.Found {
		s.read.Found[i].Holds = held[strings.ToLower(s.read.Found[i].DN)]
	}
	return err
}

// pages puts one search, page by page (RFC 2696).
func (s *session) pages(attributes []string, names bool, take func(*ldap.Entry)) error {
	paging := ldap.NewControlPaging(pageSize)
	taken := 0
	for page := 0; ; page++ {
		found, err := s.ldap.Search(&ldap.SearchRequest{
			BaseDN: container + s.read.ConfigNC, Scope: ldap.ScopeSingleLevel, Filter: filter, Attributes: attributes, TypesOnly: names,
			SizeLimit: MaxObjects, EnforceSizeLimit: true, TimeLimit: s.seconds(), Controls: []ldap.Control{paging},
		})
		if found != nil {
			s.refer(found.Referrals)
			for _, e := range found.Entries {
				if taken == MaxObjects {
					s.read.Partial = true
					return nil
				}
				take(e)
				taken++
			}
		}
		switch limited := errors.Is(err, ldap.ErrSizeLimitExceeded) || ldap.IsErrorAnyOf(err, partialCodes...); {
		case limited && taken > 0:
			s.read.Partial = true
			return nil
		case err != nil:
			s.read.Partial = taken > 0
			return err
		}
		next, ok := ldap.FindControl(found.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return nil
		}
		if page+1 == maxPages {
			s.read.Partial = true
			return fmt.Errorf("%w: it goes on after %d pages", errMalformed, maxPages)
		}
		paging.SetCookie(next.Cookie)
	}
}

// partialCodes are results after which what came before is still true.
var partialCodes = []uint16{ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded}
