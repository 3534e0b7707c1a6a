package catalog

import (
	"slices"
	"strings"
)

// officeReleases maps the version in the name of an Office licence to the year of the product.
var officeReleases = map[string]string{"14": "2010", "15": "2013", "16": "2016", "19": "2019", "21": "2021", "24": "2024"}

// officeProducts maps the product in the name of an Office licence to the words of Microsoft's list of keys.
var officeProducts = map[string]string{
	"proplus": "professional plus", "standard": "standard",
	"projectpro": "project professional", "projectstd": "project standard",
	"visiopro": "visio professional", "visiostd": "visio standard", "visioprem": "visio premium", "visio": "visio premium",
	"access": "access", "excel": "excel", "groove": "groove", "infopath": "infopath", "lync": "lync", "onenote": "onenote", "outlook": "outlook",
	"powerpoint": "powerpoint", "publisher": "publisher", "word": "word", "skypeforbusiness": "skype business",
}

// EditionOfOfficeLicense reads the name of a volume licence of Office, such as "Office 16, Office16ProPlusVL_KMS_Client
// edition" or "Office 14, OfficeProPlus-KMS_Client edition". The edition is Taken: the licence follows its key. It
// fails for other licences, such as those of retail products.
func EditionOfOfficeLicense(name string) (Edition, bool) {
	family, rest, ok := strings.Cut(name, ", ")
	version, office := strings.CutPrefix(family, "Office ")
	year := officeReleases[version]
	if !ok || !office || year == "" || len(name) > maxQuery {
		return Edition{}, false
	}
	product, _, volume := strings.Cut(strings.ToLower(rest), "vl_")
	if !volume {
		if product, _, volume = strings.Cut(strings.ToLower(rest), "-kms"); !volume {
			return Edition{}, false
		}
	}
	product = strings.TrimPrefix(strings.TrimPrefix(product, "office"), version)
	product = strings.TrimSuffix(product, year)
	wanted, ok := officeProducts[product]
	if !ok {
		return Edition{}, false
	}
	for _, g := range gvlkTable() {
		if g.Class != Office || !strings.HasSuffix(g.Product, year) {
			continue
		}
		listed := slices.DeleteFunc(words(g.Edition), func(w string) bool { return w == "office" || w == "ltsc" || w == year })
		if sameWords(listed, words(wanted)) {
			e := editionOf(g)
			e.Taken = true
			return e, true
		}
	}
	return Edition{}, false
}
