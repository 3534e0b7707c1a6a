package catalog

import (
	_ "embed" // for the table
	"sync"
)

// Language is what a Windows locale identifier (LCID) stands for.
type Language struct {
	LCID int
	Tag  string // BCP 47, such as "en-US"
	Name string // English, such as "German (Austria)"
}

var (
	//go:embed data/languages.tsv
	languagesTSV string

	languageTable = sync.OnceValue(loadLanguages)
)

func loadLanguages() map[int]Language {
	languages := make(map[int]Language)
	for _, r := range readTable("languages.tsv", languagesTSV, "lcid", "tag", "name") {
		languages[number(r[0])] = Language{LCID: number(r[0]), Tag: r[1], Name: r[2]}
	}
	return languages
}

// LanguageByLCID returns the language of a locale identifier such as 1033 (MS-LCID); the table has the common ones.
func LanguageByLCID(lcid int) (Language, bool) {
	l, ok := languageTable()[lcid]
	return l, ok
}
