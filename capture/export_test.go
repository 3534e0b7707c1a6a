package capture

import (
	"bufio"
	"os"
)

// TapTo is a tap that writes to a file that is open.
func TapTo(file *os.File) *Tap {
	return &Tap{out: &fileWriter{path: file.Name(), file: file, buf: bufio.NewWriterSize(file, 256<<10)}}
}
