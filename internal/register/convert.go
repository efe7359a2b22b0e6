package register

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Conversion is a change of a field's type, with what the new type needs. Values
// go by the table of datatype.Converts.
type Conversion struct {
	Account, Collection, Field int64
	Type                       datatype.Type
	Choices                    []string // none for the values that there are
	Currency                   string
	Link                       int64 // the collection to link to
	// Lose is how many values may be emptied because they do not fit: as many as
	// somebody was shown. With more than that nothing is done.
	Lose int
}

// Misfit is a record whose value does not survive a conversion.
type Misfit struct {
	Record       int64
	Title, Value string
	Why          string
}

// ConversionEffect is what a conversion does to a collection's records, those
// put away included.
type ConversionEffect struct {
	Field             Field // as it would be
	Was               Field
	Fits, Empty, Lost int
	Shared            int         // values of a unique field that another record would have too
	Misfits           []Misfit    // the first of those lost
	Sample            []FieldDiff // the first of those written differently
	NoLongerUnique    bool
}

const (
	// misfitsShown is how many records are named that would lose their value.
	misfitsShown = 20
	// sampleShown is how many converted values are shown.
	sampleShown = 5
	// choicesFound is how many different values may become choices.
	choicesFound = 100
	// convertBatch is how many records are read, and written, at a time.
	convertBatch = 1000
)

// PreviewConversion shows what a conversion would do, and does nothing.
func (s *Service) PreviewConversion(ctx context.Context, p account.Principal, in Conversion) (ConversionEffect, error) {
	c, err := s.converter(ctx, p, in)
	if err != nil {
		return ConversionEffect{}, err
	}
	seen, seed := map[uint64]struct{}{}, maphash.MakeSeed()
	err = c.each(ctx, func(_ context.Context, list []converted) error {
		for i := range list {
			if c.to.Spec.Unique && !list[i].record.Archived() && !list[i].now.IsEmpty() {
				c.countShared(seen, maphash.String(seed, datatype.Key(list[i].now)))
			}
		}
		return nil
	})
	return c.effect, err
}

// ConvertField changes a field's type and its values, in one transaction, with a
// history entry for each record whose value is written differently. It is
// refused with Conflict when more values would be lost than Lose, when a
// required field would lose any, and when values of a unique field would
// become the same.
func (s *Service) ConvertField(ctx context.Context, p account.Principal, in Conversion) (effect ConversionEffect, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockCollection(ctx, in.Collection, true); err != nil {
			return err
		}
		c, err := s.converter(ctx, p, in)
		if err != nil {
			return err
		}
		if err := s.store.UpdateField(ctx, c.to); err != nil {
			return err
		}
		if err := c.release(ctx); err != nil {
			return err
		}
		err = c.each(ctx, func(ctx context.Context, list []converted) error { return c.write(ctx, p, list) })
		if effect = c.effect; err != nil {
			return err
		}
		if err := c.refusal(in.Lose); err != nil {
			return err
		}
		return s.audit(ctx, p, fieldChanged, c.collection, "field", c.to.ID, c.to.Name, c.details()...)
	})
	return effect, err
}

// converter goes through a collection's records for a conversion.
type converter struct {
	s          *Service
	collection Collection
	from, to   Field
	renamed    map[string]string // choices that are called otherwise
	note       string            // for the history of what is changed
	effect     ConversionEffect
}

// converted is a record with its value before and after; why says what is wrong
// with a value that is lost.
type converted struct {
	record   *Record
	was, now datatype.Value
	why      error
}

// converter checks who asks and what for.
func (s *Service) converter(ctx context.Context, p account.Principal, in Conversion) (*converter, error) {
	col, err := s.collection(ctx, p, manage, in.Account, in.Collection)
	if err != nil {
		return nil, err
	}
	fields, err := s.store.Fields(ctx, in.Collection)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(fields, func(f Field) bool { return f.ID == in.Field })
	if i < 0 {
		return nil, notFound("field", in.Field)
	}
	c := &converter{s: s, collection: col, from: fields[i]}
	c.note = "type of " + c.from.Name + " changed from " + c.from.Spec.Type.Label() + " to " + in.Type.Label()
	if c.from.System {
		return nil, errs.New(errs.Forbidden, "field %s belongs to Muster and keeps its type", c.from.Name)
	}
	if !datatype.Converts(c.from.Spec.Type, in.Type) {
		return nil, at(TypePart, errs.New(errs.Invalid, "%s does not turn into %s", c.from.Spec.Type.Label(), in.Type.Label()).
			WithHint("Add a new field of that type, and hide this one."))
	}
	if err := c.target(ctx, in); err != nil {
		return nil, err
	}
	c.effect.Field, c.effect.Was = c.to, c.from
	c.effect.NoLongerUnique = c.from.Spec.Unique && !c.to.Spec.Unique
	return c, nil
}

// target works out the field as it is to be.
func (c *converter) target(ctx context.Context, in Conversion) (err error) {
	f := c.from
	f.Spec = datatype.Spec{
		Type: in.Type, Required: f.Spec.Required, Unique: f.Spec.Unique && canUnique(in.Type),
		Choices: in.Choices, Currency: in.Currency, Collection: in.Link,
	}
	if c.to, err = c.s.checkField(ctx, f); err != nil {
		return err
	}
	listed := in.Type == datatype.Choice || in.Type == datatype.Choices
	if listed && len(in.Choices) == 0 {
		c.to.Spec.Choices, err = c.choicesThere(ctx)
	}
	return err
}

// choicesThere returns the different values that there are, to become the
// choices. The first spelling of each stays.
func (c *converter) choicesThere(ctx context.Context) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	err := c.each(ctx, func(_ context.Context, list []converted) error {
		for _, conv := range list {
			for _, item := range conv.now.Items() {
				if key := datatype.KeyOfText(item); !seen[key] {
					seen[key] = true
					out = append(out, item)
				}
			}
		}
		if len(out) > choicesFound {
			return at(ChoicesPart, errs.New(errs.Conflict, "there are more than %d different values", choicesFound).
				WithHint("Write down the choices yourself: what is not among them is shown before it is lost."))
		}
		return nil
	})
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(datatype.KeyOfText(a), datatype.KeyOfText(b)) })
	c.effect = ConversionEffect{}
	return out, err
}

// each calls fn with the converted values of a batch of records at a time, and
// counts them.
func (c *converter) each(ctx context.Context, fn func(ctx context.Context, list []converted) error) error {
	q := Query{Account: c.from.Account, Collection: c.from.Collection, Archived: true, Limit: convertBatch, ByID: true}
	for {
		page, err := c.s.store.ListRecords(ctx, q)
		if err != nil || len(page) == 0 {
			return err
		}
		list, err := c.convert(ctx, page)
		if err != nil {
			return err
		}
		if err := fn(ctx, list); err != nil {
			return err
		}
		q.After.ID = page[len(page)-1].ID
	}
}

// convert converts a batch; records without a value are counted and left out.
func (c *converter) convert(ctx context.Context, page []Record) ([]converted, error) {
	titles, err := c.titles(ctx, page)
	if err != nil {
		return nil, err
	}
	var list []converted
	toLink := c.to.Spec.Type == datatype.Link
	for i := range page {
		conv := converted{record: &page[i], was: page[i].Value(c.from.ID)}
		if conv.was.IsEmpty() {
			c.effect.Empty++
			continue
		}
		in := conv.was
		if c.from.Spec.Type == datatype.Link {
			in = datatype.OfText(titles[conv.was.Record()])
		}
		switch {
		case in.IsEmpty():
			conv.why = errs.New(errs.NotFound, "the linked record is gone")
		case toLink:
			conv.now = in
		case c.renamed != nil:
			conv.now, conv.why = c.rename(in)
		default:
			conv.now, conv.why = datatype.Convert(&c.from.Spec, &c.to.Spec, in)
		}
		list = append(list, conv)
	}
	if toLink {
		err = c.link(ctx, list)
	}
	for i := range list {
		c.count(&list[i])
	}
	return list, err
}

// titles returns the titles of the records that a batch links to.
func (c *converter) titles(ctx context.Context, page []Record) (map[int64]string, error) {
	out := map[int64]string{}
	if c.from.Spec.Type != datatype.Link {
		return out, nil
	}
	var ids []int64
	for i := range page {
		if v := page[i].Value(c.from.ID); !v.IsEmpty() {
			ids = append(ids, v.Record())
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return out, nil
	}
	found, err := c.s.store.Records(ctx, ids, false)
	for _, r := range found {
		out[r.ID] = r.Title
	}
	return out, err
}

// link turns the texts of a batch into links to the records of that title; one
// that none or several have is lost.
func (c *converter) link(ctx context.Context, list []converted) error {
	var keys []string
	for i := range list {
		keys = append(keys, datatype.KeyOfText(list[i].now.String()))
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := c.s.store.FindTitles(ctx, c.to.Spec.Collection, keys)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].why != nil {
			continue
		}
		switch ids := found[keys[i]]; len(ids) {
		case 1:
			list[i].now = datatype.OfRecord(ids[0])
		case 0:
			list[i].why = errs.New(errs.NotFound, "no record there has this name")
		default:
			list[i].why = errs.New(errs.Conflict, "%d records there have this name", len(ids))
		}
	}
	return nil
}

// count adds one value to the effect.
func (c *converter) count(conv *converted) {
	e := &c.effect
	if conv.why == nil {
		e.Fits++
		if conv.was != conv.now && len(e.Sample) < sampleShown {
			e.Sample = append(e.Sample, FieldDiff{Field: c.from.ID, Before: conv.was, After: conv.now})
		}
		return
	}
	conv.now = datatype.Value{}
	e.Lost++
	if len(e.Misfits) < misfitsShown {
		e.Misfits = append(e.Misfits, Misfit{conv.record.ID, conv.record.Title, conv.was.String(), conv.why.Error()})
	}
}
