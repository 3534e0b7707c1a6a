package windows

import (
	_ "embed" // for the table
	"strings"
	"sync"
)

// field is what a label of slmgr.vbs or of an event stands for.
type field string

// The labels of slmgr.vbs in the order in which it prints them, then those of
// events.
const (
	fVersion        field = "version"
	fName           field = "name"
	fDescription    field = "description"
	fActivationID   field = "activation-id"
	fApplicationID  field = "application-id"
	fEPID           field = "epid"
	fKeyChannel     field = "key-channel"
	fOther          field = "other" // known and without use here
	fPartialKey     field = "partial-key"
	fNotInUse       field = "not-in-use"
	fStatus         field = "status"
	fMinutes        field = "minutes"
	fReason         field = "reason"
	fEndDate        field = "end-date"
	fRearms         field = "rearms"
	fSKURearms      field = "sku-rearms"
	fType           field = "type"
	fRecent         field = "recent"
	fKMSClient      field = "kms-client"
	fCMID           field = "cmid"
	fLookupDomain   field = "lookup-domain"
	fRegisteredHost field = "registered-host"
	fDNSHost        field = "dns-host"
	fNoDNSHost      field = "no-dns-host"
	fHostAddress    field = "host-address"
	fHostEPID       field = "host-epid"
	fActivation     field = "activation-interval"
	fRenewal        field = "renewal-interval"
	fCachingOn      field = "caching-on"
	fCachingOff     field = "caching-off"
	fPleaseATO      field = "please-ato"
	fADClient       field = "ad-client"
	fADObject       field = "ad-object"
	fToken          field = "token"
	fAVMA           field = "avma"

	fKMSEnabled field = "kms-enabled"
	fCount      field = "count"
	fPort       field = "port"
	fPublishOn  field = "publish-on"
	fPublishOff field = "publish-off"
	fPriority   field = "priority"
	fRequests   field = "requests"
	fTotal      field = "total"
	fFailed     field = "failed"
	fReqUnlic   field = "req-unlicensed"
	fReqLic     field = "req-licensed"
	fReqOOB     field = "req-oob-grace"
	fReqOOT     field = "req-oot-grace"
	fReqNonGen  field = "req-non-genuine-grace"
	fReqNotify  field = "req-notification"

	fEventID     field = "event-id"
	fEventLog    field = "event-log"
	fEventSource field = "event-source"
	fEventTime   field = "event-time"
	fEventHost   field = "event-computer"
	fEventText   field = "event-description"
	fEventOther  field = "event-other"
)

// of slmgr tells whether a field belongs to slmgr's output and not to an event.
func (f field) slmgr() bool { return !strings.HasPrefix(string(f), "event-") }

//go:embed data/labels.tsv
var labelsTSV string

// labels maps every known label, normalised, to its field.
var labels = sync.OnceValue(func() map[string]field {
	table := make(map[string]field, 512)
	for line := range strings.Lines(labelsTSV) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(cells) < 2 {
			continue
		}
		for _, label := range cells[1:] {
			table[norm(fold(label))] = field(cells[0])
		}
	}
	return table
})

// labelled finds the field of a label or of a sentence that is one by itself.
func labelled(s string) (field, bool) {
	if len(s) > 130 {
		return "", false
	}
	f, ok := labels()[norm(s)]
	return f, ok
}

// knownLabel tells whether a text is a label of slmgr, of an event or of
// ospp.vbs.
func knownLabel(s string) bool {
	if _, ok := labelled(s); ok {
		return true
	}
	return len(s) < 60 && osppLabels[strings.ToUpper(strings.TrimSpace(s))]
}

// statusWords are the licence states as slmgr and ospp.vbs print them.
var statusWords = map[string]int{
	"unlicensed": 0, "nicht lizenziert": 0, "未授权": 0, "未授權": 0, "sin licencia": 0, "sans licence": 0,
	"не имеет лицензии": 0, "ライセンスなし": 0, "ライセンスがありません": 0, "senza licenza": 0, "não licenciado": 0, "bez licencji": 0, "사용권 없음": 0,
	"licensed": 1, "lizenziert": 1, "已授权": 1, "已授權": 1, "con licencia": 1, "avec licence": 1, "sous licence": 1,
	"имеет лицензию": 1, "ライセンスされています": 1, "ライセンス済み": 1, "ライセンス認証済み": 1, "con licenza": 1, "licenciado": 1, "z licencją": 1, "licencjonowany": 1, "사용권 있음": 1,
	"initial grace period": 2, "oob_grace": 2, "anfänglicher toleranzzeitraum": 2, "初始宽限期": 2, "période de grâce initiale": 2, "período de gracia inicial": 2,
	"additional grace period (kms license expired or hardware out of tolerance)": 3, "additional grace period": 3, "oot_grace": 3, "附加宽限期": 3,
	"non-genuine grace period": 4, "non_genuine_grace": 4, "非正版宽限期": 4,
	"notification": 5, "notifications": 5, "benachrichtigung": 5, "benachrichtigungsmodus": 5, "通知": 5, "notificación": 5, "notifica": 5, "notificação": 5, "уведомление": 5, "powiadomienie": 5, "알림": 5,
	"extended grace period": 6, "extended grace": 6, "erweiterter toleranzzeitraum": 6, "延长宽限期": 6,
}

// statusOf reads a licence state in words.
func statusOf(s string) (int, bool) {
	n, ok := statusWords[norm(strings.Trim(s, "- \t"))]
	return n, ok
}

// channels maps the tokens that name a channel, in a description or in a
// product key channel, to the normalised names of evidence.License. The longest
// that fits is taken.
var channels = []struct{ token, name string }{
	{"VIRTUAL_MACHINE_ACTIVATION", "AVMA"},
	{"VIRTUALMACHINEACTIVATION", "AVMA"},
	{"VOLUME_KMSCLIENT", "GVLK"},
	{"VOLUME-KMSCLIENT", "GVLK"},
	{"VOLUME:GVLK", "GVLK"},
	{"VOLUME:CSVLK", "CSVLK"},
	{"VOLUME:MAK", "MAK"},
	{"VOLUME_MAK", "MAK"},
	{"VOLUME_KMS", "CSVLK"},
	{"RETAIL(MAK)", "MAK"},
	{"RETAIL(GRACE)", "GRACE"},
	{"RETAIL(FREE)", "FREE"},
	{"TIMEBASED_EVAL", "EVAL"},
	{"TIMEBASED_SUB", "SUBSCRIPTION"},
	{"RETAIL:TB:EVAL", "EVAL"},
	{"RETAIL:TB:SUB", "SUBSCRIPTION"},
	{"SUBSCRIPTION", "SUBSCRIPTION"},
	{"OEM_", "OEM"},
	{"OEM:", "OEM"},
	{"RETAIL", "RETAIL"},
}

// channelOf reads a channel out of a description ("..., RETAIL(MAK) channel")
// or a product key channel ("Volume:GVLK").
func channelOf(s string) (name, raw string) {
	text := s
	if at := strings.LastIndexByte(text, ','); at >= 0 {
		text = text[at+1:]
	}
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutSuffix(text, " channel"); ok {
		text = rest
	} else if at := strings.Index(text, " channel"); at >= 0 {
		text = text[:at]
	}
	upper := strings.ToUpper(text)
	for _, c := range channels {
		if strings.Contains(upper, c.token) {
			return c.name, text
		}
	}
	return "", ""
}
