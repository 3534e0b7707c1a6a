package windows_test

import (
	"context"
	"fmt"

	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

func ExampleReadString() {
	paste, err := windows.ReadString(context.Background(), `
C:\>slmgr /ato
Error: 0xC004F074 The Software Licensing Service reported that the computer could not be activated.

Ping works, telnet to 1688 times out.
`, "clipboard")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range paste.Set.Actions {
		fmt.Printf("%s failed with 0x%08X, %s\n", a.Command, a.Code, a.Origin)
	}
	for _, s := range paste.Set.Statements {
		fmt.Printf("said: %s %q\n", s.ID, s.Value)
	}
	// Output:
	// /ato failed with 0xC004F074, clipboard line 3
	// said: ping-answers ""
	// said: port-1688-closed "silent"
}
