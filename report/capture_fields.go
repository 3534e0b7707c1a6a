package report

import (
	"strconv"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func (o *object) exchange(x *capture.Exchange) {
	o.str("kind", KindExchange)
	o.file(x.File)
	o.num("i", x.Number)
	o.num("conn", x.Conn)
	o.addr("client", x.Client)
	o.addr("host", x.Host)
	o.num("call_id", int64(x.CallID))
	o.seconds("t_request", x.Requested)
	o.seconds("t_response", x.Answered)
	o.instant("time_request", x.Requested)
	o.instant("time_response", x.Answered)
	o.span("request_packets", x.Request)
	o.span("response_packets", x.Answer)
	o.str("outcome", x.Outcome.String())
	if text := ended(x); text != "" {
		o.str("host_ended", text)
	}
	if x.HasHRESULT() {
		o.code("hresult", x.HRESULT)
	} else {
		o.null("hresult")
	}
	if x.Outcome == capture.Faulted {
		o.code("fault", x.Fault)
	} else {
		o.null("fault")
	}
	if x.Syntax == dcerpc.EncodingUnknown {
		o.null("syntax")
	} else {
		o.str("syntax", x.Syntax.String())
	}
	o.bool("bind_seen", x.BindSeen)
	o.num("req_frags", int64(x.ReqFrags))
	o.num("resp_frags", int64(x.RespFrags))
	o.request(x)
	o.response(x)
	o.key("failed_checks")
	o.b = append(o.b, '[')
	for i, id := range x.FailedChecks {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendString(o.b, string(id))
	}
	o.b = append(o.b, ']')
}

func (o *object) request(x *capture.Exchange) {
	if x.Req == nil || !x.Req.Decoded {
		if x.Req != nil {
			o.version("version", x.Req.Outer)
		} else {
			o.null("version")
		}
		for _, name := range []string{
			"is_vm", "license_status", "grace_minutes", "app_id", "sku_id", "kms_id", "cmid",
			"prev_cmid", "n_policy", "client_time", "client_time_ft", "workstation",
		} {
			o.null(name)
		}
		return
	}
	r := &x.Req.Request
	o.version("version", x.Req.Outer)
	o.num("is_vm", int64(r.VMInfo))
	o.num("license_status", int64(r.LicenseStatus))
	o.num("grace_minutes", int64(r.RemainingMinutes))
	o.guid("app_id", r.AppID)
	o.guid("sku_id", r.SKUID)
	o.guid("kms_id", r.CountedID)
	o.client("cmid", r.CMID)
	o.client("prev_cmid", r.PreviousCMID)
	o.num("n_policy", int64(r.NPolicy))
	o.filetime("client_time", r.ClientTime)
	o.key("client_time_ft")
	o.b = strconv.AppendUint(o.b, uint64(r.ClientTime), 10)
	o.str("workstation", o.mask.machine(r.Workstation))
}

func (o *object) response(x *capture.Exchange) {
	if x.Resp == nil || !x.Resp.Decoded {
		for _, name := range []string{"epid", "hwid", "count", "activation_interval", "renewal_interval", "resp_version", "resp_cmid"} {
			o.null(name)
		}
		return
	}
	r := &x.Resp.Response
	o.str("epid", o.mask.id("EPID", r.EPID))
	if x.Resp.Outer.Major() == 6 {
		o.str("hwid", o.mask.id("HwID", r.HwID.String()))
	} else {
		o.null("hwid")
	}
	o.num("count", int64(r.Count))
	o.num("activation_interval", int64(r.ActivationInterval))
	o.num("renewal_interval", int64(r.RenewalInterval))
	o.version("resp_version", x.Resp.Outer)
	o.client("resp_cmid", r.CMID)
}

func (o *object) connection(c *capture.Connection) {
	o.str("kind", KindConnection)
	o.file(c.File)
	o.num("conn", c.Number)
	o.addr("client", c.Client)
	o.addr("host", c.Host)
	o.num("syn", int64(c.SYN))
	o.num("synack", int64(c.SYNACK))
	o.bool("rst_from_client", c.RSTClient)
	o.bool("rst_from_host", c.RSTHost)
	o.bool("fin_from_client", c.FINClient)
	o.bool("fin_from_host", c.FINHost)
	o.num("client_bytes", c.ClientBytes)
	o.num("host_bytes", c.HostByte)
	o.num("truncated_segments", int64(c.Truncated))
	o.key("vlans")
	o.b = append(o.b, '[')
	for i, v := range c.VLANs {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = strconv.AppendUint(o.b, uint64(v), 10)
	}
	o.b = append(o.b, ']')
	o.bool("kms_interface_seen", c.KMSInterface)
	o.strings("pdus", c.PDUs.Names())
	o.num("packets", int64(c.Packets))
	o.num("exchanges", int64(c.Exchanges))
	o.seconds("t_first", c.First)
	o.seconds("t_last", c.Last)
	o.instant("time_first", c.First)
	o.instant("time_last", c.Last)
	o.span("span", c.Span)
	if c.KMS {
		o.str("note", o.mask.text(attemptText(c)))
	}
	if c.ICMP != nil {
		o.str("icmp", strconv.Itoa(int(c.ICMP.Type))+"/"+strconv.Itoa(int(c.ICMP.Code))+" from "+o.mask.addr(c.ICMP.From).String())
	}
}

func (o *object) lookup(l *capture.Lookup) {
	o.str("kind", KindDNS)
	o.file(l.File)
	o.num("i", l.Number)
	o.addr("client", l.Client)
	o.addr("resolver", l.Resolver)
	o.bool("tcp", l.TCP)
	o.str("name", o.mask.host(l.Name))
	o.str("type", l.Type)
	o.str("outcome", string(l.Outcome))
	if l.Detail != "" {
		o.str("detail", l.Detail)
	}
	o.seconds("t_question", l.Asked)
	o.seconds("t_answer", l.Answered)
	o.instant("time_question", l.Asked)
	o.instant("time_answer", l.Answered)
	o.num("question_packet", l.Question)
	o.num("answer_packet", l.Answer)
	o.key("records")
	o.b = append(o.b, '[')
	for i, r := range l.SRV {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		s := object{b: o.b}
		s.str("target", o.mask.host(r.Target))
		s.num("port", int64(r.Port))
		s.num("priority", int64(r.Priority))
		s.num("weight", int64(r.Weight))
		s.num("ttl", int64(r.TTL))
		o.b = append(s.b, '}')
	}
	o.b = append(o.b, ']')
	addresses := make([]string, len(l.Addresses))
	for i, a := range l.Addresses {
		addresses[i] = o.mask.addr(a).String()
	}
	o.strings("addresses", addresses)
	cnames := make([]string, len(l.CNAMEs))
	for i, n := range l.CNAMEs {
		cnames[i] = o.mask.host(n)
	}
	o.strings("cnames", cnames)
	o.num("ttl", int64(l.TTL))
}

// client writes a client machine id.
func (o *object) client(name string, id kms.GUID) {
	if o.mask == nil || id.IsZero() {
		o.guid(name, id)
		return
	}
	o.str(name, o.mask.id("CMID", id.String()))
}

// span writes the first and the last packet number, or null.
func (o *object) span(name string, s capture.Span) {
	if s.First == 0 {
		o.null(name)
		return
	}
	o.key(name)
	o.b = append(o.b, '[')
	o.b = strconv.AppendInt(o.b, s.First, 10)
	o.b = append(o.b, ',')
	o.b = strconv.AppendInt(o.b, s.Last, 10)
	o.b = append(o.b, ']')
}
