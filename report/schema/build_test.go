package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The published schema is made from the types; whoever changes one runs the
// generator again.
func TestPublishedSchemaIsCurrent(t *testing.T) {
	root := filepath.Join("..", "..")
	want, err := Build(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "docs", "schema", "kmsdiag-1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Error("docs/schema/kmsdiag-1.schema.json is not what the types say: go run ./report/schema > docs/schema/kmsdiag-1.schema.json")
	}
}
