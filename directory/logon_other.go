//go:build !windows

package directory

// Self returns the name of the user of this session, as DOMAIN\user, whom Windows
// logs on without a password. The error is [ErrNoSelf] elsewhere.
func Self() (string, error) { return "", ErrNoSelf }

func openSelf(string, []byte) (securityContext, error) { return nil, ErrNoSelf }
