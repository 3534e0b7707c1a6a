package catalog

import "testing"

func TestEditionOfOfficeLicense(t *testing.T) {
	for name, partial := range map[string]string{
		"Office 14, OfficeProPlus-KMS_Client edition":                "H3GVB",
		"Office 15, OfficeProPlusVL_KMS_Client edition":              "GVGXT",
		"Office 16, Office16ProPlusVL_KMS_Client edition":            "WFG99",
		"Office 16, Office16StandardVL_KMS_Client edition":           "DRTFM",
		"Office 16, Office16SkypeforBusinessVL_KMS_Client edition":   "DDBV6",
		"Office 19, Office19ProPlus2019VL_KMS_Client_AE edition":     "6MWKP",
		"Office 19, Office19ProjectStd2019VL_KMS_Client_AE1 edition": "JXD2M",
		"Office 21, Office21VisioPro2021VL_KMS_Client_AE edition":    "K2HT4",
		"Office 24, Office24VisioPro2024VL_KMS_Client_AE edition":    "YY89G",
		"Office 24, Office24Standard2024VL_MAK_AE1 edition":          "H6HGR",
		"Office 19, Office19ProPlus2019R_Grace edition":              "",
		"Office 16, Office16O365BusinessR_Grace edition":             "",
		"Office 16, OfficeKMSHostVL_KMS_Host edition":                "",
		"Office 12, OfficeProPlusVL_KMS_Client edition":              "",
		"Windows(R), ServerStandard edition":                         "",
		"":                                                           "",
	} {
		e, ok := EditionOfOfficeLicense(name)
		got := ""
		if len(e.Keys) == 1 {
			got = e.Keys[0].Partial()
		}
		if got != partial || ok != (partial != "") || ok && (!e.Taken || e.Class != Office) {
			t.Errorf("%s: %+v, want %s", name, e, partial)
		}
	}
}

func FuzzEditionOfOfficeLicense(f *testing.F) {
	f.Add("Office 16, Office16ProPlusVL_KMS_Client edition")
	f.Add("Office 14, -KMS")
	f.Fuzz(func(t *testing.T, name string) {
		if e, ok := EditionOfOfficeLicense(name); ok != (e.Name != "") {
			t.Errorf("%q: %+v", name, e)
		}
	})
}
