package windows

import "testing"

func TestActivationObjects(t *testing.T) {
	const one = `{
        "ActivationObject":  "CN=Server 2019,CN=Activation Objects,CN=Microsoft SPP,CN=Services,CN=Configuration,DC=corp,DC=example",
        "Name":  "Server 2019",
        "DisplayName":  "Windows Server 2019 in the forest",
        "KeyActivationId":  "2E7A9AD1-a849-4b56-babe-17d5a29fe4b4",
        "CountedIds":  "8449b1fb-f0ea-497a-99ab-66ca96e9a0f5 0724cb7d-3437-4cb7-93cb-830375d0079d",
        "Pid":  "06401-00206-551-000001-03-1033-17763.0000-0022024",
        "PartialKey":  "ABCDE",
        "Created":  "2024-01-02T03:04:05"
    }`
	for name, text := range map[string]string{"one": one, "a list": "[\n    " + one + "\n]\n"} {
		t.Run(name, func(t *testing.T) {
			p, err := ReadString(t.Context(), text, "test")
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Set.ActivationObjects) != 1 || len(p.Unread) > 0 {
				t.Fatalf("%+v, unread %v", p.Set.ActivationObjects, p.Unread)
			}
			o := p.Set.ActivationObjects[0]
			if o.Title() != "Windows Server 2019 in the forest" || o.ActivationID != "2e7a9ad1-a849-4b56-babe-17d5a29fe4b4" || len(o.CountedIDs) != 2 ||
				o.PartialKey != "ABCDE" || o.Created.Format("2006-01-02") != "2024-01-02" || o.EPID == "" || o.DN == "" {
				t.Errorf("%+v", o)
			}
			if facts := p.Set.Facts(); len(facts) != 1 {
				t.Errorf("%d facts", len(facts))
			}
		})
	}
}
