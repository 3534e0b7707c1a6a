// Command schema writes the JSON Schema of kmsdiag's output from the Go types
// and their comments. Run it in the root of the module after a change of a type:
//
//	go run ./report/schema > docs/schema/kmsdiag-1.schema.json
//
// A test compares the file with what the types say.
package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := Build(".")
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}
