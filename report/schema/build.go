package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/hostlog"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// object is a JSON object of the schema; encoding/json sorts its keys.
type object map[string]any

// Build returns the schema as indented JSON. Root is the root of the module.
func Build(root string) ([]byte, error) {
	src, err := readSource(root)
	if err != nil {
		return nil, err
	}
	b := &builder{src: src, defs: object{}}
	var kinds []any
	for _, k := range []struct {
		kind, what string
		value      any
	}{
		{report.KindReport, "a whole run: -o json", report.Object{}},
		{report.KindExplain, "an answer of kmsdiag explain", report.Explanation{}},
		{report.KindList, "a list of codes, causes, checks or scenarios", report.Listing{}},
		{run.KindMatrix, "what a host serves: kmsdiag products HOST -o json, and the last line of -o jsonl", run.Matrix{}},
		{run.KindMatrixPlan, "the first line of kmsdiag products HOST -o jsonl", run.MatrixPlan{}},
		{run.KindMatrixRow, "a line of kmsdiag products HOST -o jsonl", run.MatrixRow{}},
		{report.KindProducts, "the products by counted id: kmsdiag products -o json", report.ProductTable{}},
		{report.KindADBA, "the activation objects of a forest: kmsdiag adba", report.ADBA{}},
		{hostlog.Kind, "what the log of a KMS host tells: kmsdiag hostlog", hostlog.Report{}},
		{report.KindKeys, "generic keys, and what the key of a machine is worth: kmsdiag keys", report.Keys{}},
		{report.KindHostKeys, "generations of host keys: kmsdiag keys --host", report.HostKeys{}},
		{report.KindVersion, "which build this is", report.Version{}},
	} {
		b.object(reflect.TypeOf(k.value))
		kinds = append(kinds, object{
			"description": k.what, "$ref": ref(reflect.TypeOf(k.value)), "required": []string{"kind"}, "properties": object{"kind": object{"const": k.kind}},
		})
	}
	kinds = append(kinds, b.lines()...)
	kinds = append(kinds, records()...)
	if b.err != nil {
		return nil, b.err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     "https://github.com/kmsdiag/kmsdiag/docs/schema/kmsdiag-1.schema.json",
		"title":   "Output of kmsdiag, schema " + run.Schema,
		"description": "One JSON object of -o json, or one line of -o jsonl. Fields and kinds may be added; readers skip what they do not know. " +
			"Durations are nanoseconds, times RFC 3339.",
		"oneOf": kinds,
		"$defs": b.defs,
	})
	return out.Bytes(), err
}

type builder struct {
	src  *source
	defs object
	err  error
}

// lines describes the lines of a stream: one for each field of run.Event.
func (b *builder) lines() []any {
	var lines []any
	for _, e := range []run.Event{
		{Plan: &run.Plan{}},
		{Found: &run.Found{}},
		{Started: &run.Started{}},
		{Progress: &run.Progress{}},
		{Finished: &run.Result{}},
		{Summary: &run.Summary{}},
	} {
		v := reflect.ValueOf(e)
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
				b.object(f.Type().Elem())
				lines = append(lines, object{
					"description": "a line of -o jsonl: " + e.Kind(),
					"$ref":        ref(f.Type().Elem()),
					"required":    []string{"kind", "time"},
					"properties":  object{"kind": object{"const": e.Kind()}, "time": b.schema(reflect.TypeFor[time.Time](), "", "")},
				})
			}
		}
	}
	return lines
}

func typeName(t reflect.Type) string { return path.Base(t.PkgPath()) + "." + t.Name() }

func ref(t reflect.Type) string { return "#/$defs/" + typeName(t) }

// object adds the definition of a struct.
func (b *builder) object(t reflect.Type) {
	name := typeName(t)
	if b.defs[name] != nil {
		return
	}
	def := object{"type": "object"}
	b.defs[name] = def
	if d := b.src.types[name]; d != "" {
		def["description"] = d
	}
	props, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag == "-" {
			continue
		}
		if tag == "" {
			b.err = fmt.Errorf("%s.%s has no JSON name", name, f.Name)
			return
		}
		s := b.schema(f.Type, b.src.fields[name+"."+f.Name], tag)
		if options == "" {
			required = append(required, tag)
			if f.Type.Kind() == reflect.Pointer {
				s = object{"anyOf": []any{s, object{"type": "null"}}}
			}
		}
		props[tag] = s
	}
	def["properties"] = props
	if len(required) > 0 {
		def["required"] = required
	}
}

// schema returns the schema of a value in a field with a comment.
func (b *builder) schema(t reflect.Type, comment, field string) object {
	s := object{}
	if comment != "" {
		s["description"] = comment
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		s["type"], s["format"] = "string", "date-time"
		return s
	case reflect.TypeFor[time.Duration]():
		s["type"] = "integer"
		return s
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.AddrPort]():
		s["type"] = "string"
		return s
	case reflect.TypeFor[[]byte]():
		s["type"], s["contentEncoding"] = "string", "base64"
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return b.schema(t.Elem(), comment, field)
	case reflect.Struct:
		b.object(t)
		s["$ref"] = ref(t)
	case reflect.Slice:
		s["type"], s["items"] = "array", b.schema(t.Elem(), "", "")
	case reflect.Map:
		s["type"], s["additionalProperties"] = "object", b.schema(t.Elem(), "", "")
		if names := b.src.values[typeName(t.Key())]; names != nil {
			s["propertyNames"] = object{"enum": names}
		}
	case reflect.String:
		s["type"] = "string"
		if values := b.src.values[typeName(t)]; values != nil {
			s["enum"] = values
		}
		if field == "schema" {
			s["const"] = run.Schema
		}
	case reflect.Bool:
		s["type"] = "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s["type"] = "integer"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s["type"], s["minimum"] = "integer", 0
	case reflect.Float32, reflect.Float64:
		s["type"] = "number"
	default:
		b.err = fmt.Errorf("no schema for %s", t)
	}
	return s
}
