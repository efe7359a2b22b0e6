package register_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

var askedAll = register.CheckForm{
	Out: []register.Question{
		{Name: "Charger", Kind: register.AskYesNo, Required: true},
		{Name: "Use", Kind: register.AskChoice, Choices: []string{"Office", "Travel"}},
		{Name: "Cost centre", Kind: register.AskText},
	},
	In:        []register.Question{{Name: "Wiped", Kind: register.AskYesNo, Required: true}},
	Statement: "I look after it.",
}

func TestTheFormOfAModuleIsAskedAtCheckOutAndCheckIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db, "Contoso"), t.Context()
		laptop, ada := w.create(register.Main, "Name", "Laptop"), w.create(register.People, "Name", "Ada")
		_, err := w.svc.SaveCheckForm(ctx, w.p, w.account, w.module, askedAll)
		must(t, err)
		for _, tt := range []struct {
			name    string
			answers map[string]string
			accept  bool
			says    string
		}{
			{"nothing answered", nil, true, "Charger has to be answered"},
			{"no choice of it", map[string]string{"Charger": "yes", "Use": "Beach"}, true, "no choice of Use"},
			{"neither yes nor no", map[string]string{"Charger": "perhaps"}, true, "yes or no"},
			{"not asked", map[string]string{"Charger": "yes", "Colour": "red"}, true, "does not ask"},
			{"not accepted", map[string]string{"Charger": "yes"}, false, "I look after it."},
		} {
			_, err := w.svc.CheckOut(ctx, w.p, register.CheckOut{Account: w.account, Asset: laptop.ID, Holder: ada.ID, Answers: tt.answers, Accepted: tt.accept})
			t.Run(tt.name, func(t *testing.T) { wantKind(t, err, errs.Invalid, tt.says) })
		}
		_, err = w.svc.CheckOut(ctx, w.p, register.CheckOut{
			Account: w.account, Asset: laptop.ID, Holder: ada.ID, Answers: map[string]string{"Use": "Travel", "Charger": "yes"}, Accepted: true,
		})
		must(t, err)
		_, err = w.svc.CheckInAll(ctx, w.p, ada.ID, register.CheckIn{Account: w.account})
		wantKind(t, err, errs.Invalid, "Wiped has to be answered")
		_, err = w.svc.CheckIn(ctx, w.p, register.CheckIn{Account: w.account, Asset: laptop.ID, Answers: map[string]string{"Wiped": "no"}})
		must(t, err)

		history, err := w.svc.CustodyHistory(ctx, w.p, w.account, laptop.ID)
		must(t, err)
		out := []register.Answer{{Question: "Charger", Text: "yes"}, {Question: "Use", Text: "Travel"}, {Question: "Accepted", Text: "I look after it."}}
		if !slices.Equal(history[0].Answers, out) || !slices.Equal(history[0].InAnswers, []register.Answer{{Question: "Wiped", Text: "no"}}) {
			t.Errorf("got %+v and %+v", history[0].Answers, history[0].InAnswers)
		}
	})
}

func TestFormsThatNobodyCouldAnswerAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), "Contoso")
	for name, list := range map[string][]register.Question{
		"needs a name":           {{Name: " ", Kind: register.AskText}},
		"nothing to choose from": {{Name: "Use", Kind: register.AskChoice, Choices: []string{" "}}},
		"of no kind":             {{Name: "Use", Kind: "colour"}},
		"there twice":            {{Name: "Use", Kind: register.AskText}, {Name: "USE", Kind: register.AskText}},
		"word of Muster's own":   {{Name: "Accepted", Kind: register.AskText}},
		"too many":               make([]register.Question, 21),
	} {
		_, err := w.svc.SaveCheckForm(t.Context(), w.p, w.account, w.module, register.CheckForm{Out: list})
		wantKind(t, err, errs.Invalid, name)
	}
	if got, err := w.svc.CheckForm(t.Context(), w.p, w.account, w.module); err != nil || len(got.Out) != 0 {
		t.Errorf("a refused form was stored: %+v, %v", got, err)
	}
}
