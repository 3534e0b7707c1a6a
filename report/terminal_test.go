package report

import (
	"os"
	"path/filepath"
	"testing"
)

func TestStyleOfAScreen(t *testing.T) {
	type env map[string]string
	utf8 := env{"LANG": "en_GB.UTF-8", "TERM": "xterm-256color"}
	with := func(more env) env {
		all := env{}
		for k, v := range utf8 {
			all[k] = v
		}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	for _, c := range []struct {
		name   string
		look   Look
		screen Screen
		env    env
		ascii  bool
		color  bool
	}{
		{"terminal", Look{}, Screen{Terminal: true, OS: "linux"}, utf8, false, true},
		{"pipe", Look{}, Screen{OS: "linux"}, utf8, false, false},
		{"pipe, always", Look{Color: "always"}, Screen{OS: "linux"}, utf8, false, true},
		{"never", Look{Color: "never"}, Screen{Terminal: true, OS: "linux"}, utf8, false, false},
		{"NO_COLOR=1", Look{}, Screen{Terminal: true, OS: "linux"}, with(env{"NO_COLOR": "1"}), false, false},
		{"NO_COLOR=yes", Look{}, Screen{Terminal: true, OS: "linux"}, with(env{"NO_COLOR": "yes"}), false, false},
		{"NO_COLOR empty", Look{}, Screen{Terminal: true, OS: "linux"}, with(env{"NO_COLOR": ""}), false, true},
		{"NO_COLOR, always", Look{Color: "always"}, Screen{Terminal: true, OS: "linux"}, with(env{"NO_COLOR": "1"}), false, true},
		{"dumb", Look{}, Screen{Terminal: true, OS: "linux"}, with(env{"TERM": "dumb"}), true, false},
		{"--ascii", Look{ASCII: true}, Screen{Terminal: true, OS: "linux"}, utf8, true, true},
		{"no locale", Look{}, Screen{Terminal: true, OS: "linux"}, env{}, true, true},
		{"C locale", Look{}, Screen{Terminal: true, OS: "darwin"}, env{"LANG": "C"}, true, true},
		{"C.UTF-8", Look{}, Screen{Terminal: true, OS: "linux"}, env{"LANG": "C.UTF-8"}, false, true},
		{"LC_ALL wins", Look{}, Screen{Terminal: true, OS: "linux"}, with(env{"LC_ALL": "POSIX"}), true, true},
		{"modifier", Look{}, Screen{Terminal: true, OS: "linux"}, env{"LANG": "de_DE.utf8@euro"}, false, true},
		{"Japanese", Look{}, Screen{Terminal: true, OS: "linux"}, env{"LANG": "ja_JP.UTF-8"}, true, true},
		{"Chinese", Look{}, Screen{Terminal: true, OS: "linux"}, env{"LC_CTYPE": "zh_TW.UTF-8"}, true, true},
		{"Windows", Look{}, Screen{Terminal: true, OS: "windows", CodePage: 437}, env{}, false, true},
		{"Windows, Japanese", Look{}, Screen{Terminal: true, OS: "windows", CodePage: 932}, env{}, true, true},
		{"Windows Terminal, Japanese", Look{}, Screen{Terminal: true, OS: "windows", CodePage: 932}, env{"WT_SESSION": "x"}, false, true},
		{"Windows pipe", Look{}, Screen{OS: "windows"}, env{}, true, false},
		{"Windows, no sequences", Look{}, Screen{Terminal: true, Plain: true, OS: "windows", CodePage: 850}, env{}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.screen.Env = func(name string) string { return c.env[name] }
			s := c.look.Style(c.screen)
			if (s.Glyphs == ASCII) != c.ascii || s.Color != c.color {
				t.Errorf("glyphs %v, color %v; want ascii %v, color %v", s.Glyphs, s.Color, c.ascii, c.color)
			}
		})
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	s, restore := OpenScreen(f)
	restore()
	if s.Terminal || s.Width != 0 {
		t.Errorf("screen of a file: %+v", s)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
