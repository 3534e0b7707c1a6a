package main

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/report"
)

// records describes the lines that a capture adds to the stream. They are
// written by hand in package report, so their fields are listed here: name and
// types, "?" behind the name of a field that may be absent.
func records() []any {
	var lines []any
	for _, r := range []struct{ kind, what, fields string }{
		{report.KindExchange, "one KMS request with its answer; times in seconds since 1970 and as RFC 3339, packets counted from 1", `
			file string, i integer, conn integer, client string, client_port integer, host string, host_port integer,
			call_id integer, t_request number|null, t_response number|null, time_request string|null, time_response string|null,
			request_packets array|null, response_packets array|null, outcome string, host_ended? string, hresult string|null,
			fault string|null, syntax string|null, bind_seen boolean, req_frags integer, resp_frags integer, version string|null,
			is_vm integer|null, license_status integer|null, grace_minutes integer|null, app_id string|null, sku_id string|null,
			kms_id string|null, cmid string|null, prev_cmid string|null, n_policy integer|null, client_time string|null,
			client_time_ft integer|null, workstation string|null, epid string|null, hwid string|null, count integer|null,
			activation_interval integer|null, renewal_interval integer|null, resp_version string|null, resp_cmid string|null,
			failed_checks array`},
		{report.KindConnection, "one TCP connection to a KMS host", `
			file string, conn integer, client string, client_port integer, host string, host_port integer, syn integer,
			synack integer, rst_from_client boolean, rst_from_host boolean, fin_from_client boolean, fin_from_host boolean,
			client_bytes integer, host_bytes integer, truncated_segments integer, vlans array, kms_interface_seen boolean,
			pdus array, packets integer, exchanges integer, t_first number, t_last number, time_first string, time_last string,
			span array, note? string, icmp? string`},
		{report.KindDNS, "one question about KMS hosts with its answer", `
			file string, i integer, client string, client_port integer, resolver string, resolver_port integer, tcp boolean,
			name string, type string, outcome string, t_question number|null, t_answer number|null, time_question string|null,
			time_answer string|null, question_packet integer|null, answer_packet integer|null, records array, addresses array,
			cnames array, ttl integer`},
	} {
		props, required := object{"kind": object{"const": r.kind}}, []string{"kind"}
		for field := range strings.SplitSeq(r.fields, ",") {
			name, types, _ := strings.Cut(strings.TrimSpace(field), " ")
			name, optional := strings.CutSuffix(name, "?")
			if props[name] = (object{"type": strings.Split(types, "|")}); !optional {
				required = append(required, name)
			}
		}
		lines = append(lines, object{
			"description": "a line of -o jsonl of a capture: " + r.what,
			"type":        "object", "required": required, "properties": props,
		})
	}
	return lines
}
