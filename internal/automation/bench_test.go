package automation_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store/storetest"
)

// BenchmarkFirstSync writes people as a first sync does, two thousand a
// transaction, with nobody to hear of it, with the ready-made automations, and
// with one that listens to each new record.
func BenchmarkFirstSync(b *testing.B) {
	const batch = 2000
	for _, tc := range []struct {
		name  string
		wires func(o *office)
	}{
		{"unheard", func(o *office) { o.records.HeardBy(nil) }},
		{"ready-made", func(o *office) { o.must(o.svc.Equip(b.Context(), chief, o.module)) }},
		{"listening", func(o *office) {
			o.save("New", automation.Trigger{Kind: automation.Created}, mailTo(toAdministrators))
		}},
	} {
		b.Run(tc.name, func(b *testing.B) {
			o := open(b, storetest.SQLite(b))
			tc.wires(o)
			n, name, upn := 0, o.fields["people Name"], o.fields["people UPN"]
			for b.Loop() {
				writes := make([]register.Write, batch)
				first, err := o.db.NextIDs(b.Context(), "record", batch)
				o.must(err)
				for i := range writes {
					n++
					writes[i] = register.Write{
						Record: first + int64(i), Create: true, Account: o.module.Account, Collection: o.by[register.People],
						Set: []register.FieldValue{{Field: name, Value: datatype.OfText(fmt.Sprint("Person ", n))}, {Field: upn, Value: datatype.OfText(fmt.Sprint("p", n))}},
					}
				}
				o.must(o.db.InTx(b.Context(), func(ctx context.Context) error {
					_, err := o.records.WriteBatch(ctx, audit.Actor{Kind: audit.Sync}, 1, writes)
					return err
				}))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/person")
		})
	}
}
