package report

import (
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// KindVersion is the kind of a [Version].
const KindVersion = "version"

// Version says which build of kmsdiag this is.
type Version struct {
	Schema   string `json:"schema"` // "kmsdiag/1"
	Kind     string `json:"kind"`   // "version"
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`     // of the commit, RFC 3339
	Modified bool   `json:"modified,omitempty"` // built from a changed tree
	Go       string `json:"go"`                 // version of Go
	Platform string `json:"platform"`           // "linux/amd64"
}

// NewVersion returns a version with what every build knows.
func NewVersion(version, goVersion, platform string) *Version {
	return &Version{Schema: run.Schema, Kind: KindVersion, Version: version, Go: goVersion, Platform: platform}
}

// JSON writes the version as one object.
func (v *Version) JSON(w io.Writer) error { return writeJSON(w, v, "  ") }

// Text writes the version on one line.
func (v *Version) Text(w io.Writer) error {
	parts := []string{"kmsdiag " + v.Version}
	if v.Commit != "" {
		commit := v.Commit
		if v.Modified {
			commit += " with changes"
		}
		parts = append(parts, "commit "+commit)
	}
	if v.Date != "" {
		parts = append(parts, v.Date)
	}
	parts = append(parts, v.Go, v.Platform)
	_, err := io.WriteString(w, strings.Join(parts, ", ")+"\n")
	return err
}
