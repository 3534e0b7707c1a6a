package catalog

import "testing"

func TestCloudKMS(t *testing.T) {
	for host, want := range map[string]string{
		"azkms.core.windows.net":           "azure",
		"AZKMS.core.windows.net.:1688":     "azure",
		" kms.core.windows.net":            "azure",
		"20.118.99.224":                    "azure",
		"40.83.235.53:1688":                "azure",
		"kms.core.chinacloudapi.cn":        "azure-china",
		"azkms.core.chinacloudapi.cn":      "azure-china",
		"kms.core.cloudapi.de":             "azure-germany",
		"kms.core.usgovcloudapi.net":       "azure-us-government",
		"169.254.169.250":                  "aws",
		"169.254.169.251:1688":             "aws",
		"[::ffff:169.254.169.250]:1688":    "aws",
		"kms.windows.googlecloud.com":      "gcp",
		"kms.windows.googlecloud.com:1688": "gcp",
		"35.190.247.13":                    "gcp",
		"169.254.169.253":                  "oci",
		"":                                 "",
		"kms01.corp.example":               "",
		"10.0.0.6:1688":                    "",
		"169.254.169.254":                  "", // the metadata service
		"evil-azkms.core.windows.net":      "",
		"azkms.core.windows.net.example":   "",
		"[":                                "",
	} {
		c, ok := CloudKMS(host)
		if c.ID != want || ok != (want != "") {
			t.Errorf("%q: %+v, want %q", host, c, want)
		}
	}
	seen := map[string]bool{}
	for _, c := range Clouds() {
		if got, ok := CloudKMS(c.Host); !ok || got != c || seen[c.Host] || c.Provider == "" || c.State == "" {
			t.Errorf("%+v: found %+v", c, got)
		}
		seen[c.Host] = true
	}
	if CloudsAsOf().Year() < 2026 {
		t.Error("the table has no date")
	}
}
