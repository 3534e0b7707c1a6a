package machine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// A 32-bit program sees another SOFTWARE key unless it asks for this one.
const readKey = registry.QUERY_VALUE | registry.ENUMERATE_SUB_KEYS | registry.WOW64_64KEY

// Where the licensing keys stand, and the firewall's rules: the machine's own
// and those of policy.
const (
	keyRoot           = `SOFTWARE\`
	keyFirewall       = `SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules`
	keyFirewallPolicy = `SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules`
)

// Limits of a walk through the keys. Windows has about a hundred below the
// platform's key.
const (
	maxDepth   = 2 // application, product
	maxSubkeys = 512
	maxValues  = 256
)

// Registry implements [Source].
func (system) Registry(context.Context) ([]Value, error) {
	var w walk
	var problems []error
	for _, path := range []string{keyPlatform, keyOffice, keyPolicy} {
		if err := w.read(keyRoot+path, 0); err != nil {
			problems = append(problems, err)
		}
	}
	return w.values, errors.Join(problems...)
}

type walk struct{ values []Value }

func (w *walk) read(path string, depth int) error {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, readKey)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("HKEY_LOCAL_MACHINE\\%s: %w", path, err)
	}
	defer func() { _ = key.Close() }()
	names, err := key.ReadValueNames(-1)
	if err != nil {
		return fmt.Errorf("HKEY_LOCAL_MACHINE\\%s: %w", path, err)
	}
	for _, name := range names {
		if text, ok := valueText(key, name); ok && Wanted(name) && len(w.values) < maxValues {
			w.values = append(w.values, Value{`HKEY_LOCAL_MACHINE\` + path, name, text})
		}
	}
	if depth == maxDepth {
		return nil
	}
	subkeys, err := key.ReadSubKeyNames(maxSubkeys)
	if len(subkeys) == 0 && err != nil {
		return nil //nolint:nilerr // io.EOF: there are none
	}
	var problems []error
	for _, name := range subkeys {
		if err := w.read(path+`\`+name, depth+1); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w (%d subkeys)", problems[0], len(problems))
	}
	return nil
}

// valueText reads a string, a list of strings or a number.
func valueText(key registry.Key, name string) (string, bool) {
	_, kind, err := key.GetValue(name, nil)
	if err != nil {
		return "", false
	}
	switch kind {
	case registry.SZ, registry.EXPAND_SZ:
		s, _, err := key.GetStringValue(name)
		return s, err == nil
	case registry.MULTI_SZ:
		list, _, err := key.GetStringsValue(name)
		return strings.Join(list, ";"), err == nil
	case registry.DWORD, registry.QWORD:
		n, _, err := key.GetIntegerValue(name)
		return strconv.FormatUint(n, 10), err == nil
	}
	return "", false
}

// Firewall implements [Source].
func (system) Firewall(_ context.Context, id string) ([]string, error) {
	var rules []string
	var problems []error
	for _, path := range []string{keyFirewall, keyFirewallPolicy} {
		text, err := oneValue(path, id)
		switch {
		case err == nil:
			rules = append(rules, text)
		case !errors.Is(err, registry.ErrNotExist):
			problems = append(problems, fmt.Errorf("HKEY_LOCAL_MACHINE\\%s: %w", path, err))
		}
	}
	return rules, errors.Join(problems...)
}

func oneValue(path, name string) (string, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return "", err
	}
	defer func() { _ = key.Close() }()
	text, _, err := key.GetStringValue(name)
	return text, err
}
