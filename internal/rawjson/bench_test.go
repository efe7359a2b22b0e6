package rawjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bytedance/sonic"
	"github.com/musterhq/muster/internal/rawjson"
)

// page returns a page of 999 users of about 1.1 KB each.
func page() []byte {
	var b strings.Builder
	b.WriteString(`{"@odata.nextLink":"https://graph.example/v1.0/users?$skiptoken=x","value":[`)
	for i := range 999 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"00000000-0000-4000-8000-%012d","accountEnabled":true,"displayName":"Zoë Person %d","mail":null`, i, i)
		for k := range 24 {
			fmt.Fprintf(&b, `,"attribute%d":"value of attribute %d"`, k, i)
		}
		b.WriteString(`,"businessPhones":["+49 30 1234567"],"employeeOrgData":{"division":"North","costCenter":null}}`)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

// BenchmarkCutPage cuts a page into objects and each object into members; the
// others show what checking or decoding the same page costs elsewhere.
func BenchmarkCutPage(b *testing.B) {
	data := page()
	run := func(name string, work func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := work(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("rawjson", func() error { return cut(data) })
	run("rawjson.Valid", func() error { rawjson.Valid(data); return nil })
	run("json.Valid", func() error { json.Valid(data); return nil })
	run("sonic.Valid", func() error { sonic.Valid(data); return nil })
	run("sonic.RawMessage", func() error {
		var p struct{ Value []json.RawMessage }
		return sonic.ConfigFastest.Unmarshal(data, &p)
	})
	run("json.RawMessage", func() error {
		var p struct{ Value []json.RawMessage }
		return json.Unmarshal(data, &p)
	})
}

func cut(data []byte) error {
	s := rawjson.Scan(data)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		if string(name) != "value" {
			s.Value()
			continue
		}
		s.Array()
		for s.Element() {
			s.Object()
			for _, more := s.Member(); more; _, more = s.Member() {
				s.Value()
			}
		}
	}
	s.End()
	return s.Err()
}
