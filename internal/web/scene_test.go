package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/register"
)

// scene is an office with one of everything, so that every route has something
// real to lead to.
type scene struct {
	o       *office
	walkers []walker
	module  int64            // of the addresses
	fixed   map[string]int64 // what the places of patterns stand for
	made    map[string]bool  // the routes for which there is nothing real
	linked  int64            // a person of the directory
	hired   int              // users made so far
	real    bool             // also where acts do harm: for who must not get as far
}

// stage sets a scene. Its connection has had a run.
func stage(t *testing.T) *scene {
	t.Helper()
	o := open(t)
	_, _, person := synced(t, o)
	sc := &scene{o: o, walkers: o.walkers(), module: o.module.ID, made: map[string]bool{}}
	if _, err := fmt.Sscanf(person[strings.LastIndex(person, "/")+1:], "%d", &sc.linked); err != nil {
		t.Fatal(err)
	}
	ctx, p := t.Context(), account.CommandLine()
	role, err := o.accounts.Role(ctx, o.module.ID, "Reader")
	o.must(err)
	maps, err := o.work.Mappings(ctx, p, 1)
	o.must(err)
	service, _, err := o.accounts.IssueToken(ctx, p, account.NewToken{Name: "ERP", Scope: account.TokenReads, Account: o.module.Account, Module: o.module.ID, Role: role.ID})
	o.must(err)
	main := o.collection(register.Main)
	sc.fixed = map[string]int64{
		"account": o.module.Account, "collection": main.ID, "field": o.field(main, "Serial number").ID,
		"connection": 1, "run": 1, "mapping": maps[0].ID, "role": role.ID, "token": service.ID, "login": o.login(colleague).ID,
	}
	return sc
}

// harmless are the places whose things are made for each visit, or survive all.
var harmless = []string{"module", "account", "collection", "record", "file", "login"}

// try makes what a route is about, and has somebody go there.
func (sc *scene) try(email, pattern string, a act) answer {
	sc.o.t.Helper()
	return sc.tryAs(sc.o.session(email), pattern, a)
}

func (sc *scene) tryAs(b *browser, pattern string, a act) answer {
	sc.o.t.Helper()
	ids := sc.things(pattern)
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.ReplaceAll(path, "{$}", "")
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		name, after, _ := strings.Cut(rest, "}")
		if ids[name] == 0 || !sc.real && !slices.Contains(harmless, name) {
			sc.made[pattern] = true
			path = before + "999999" + after
			continue
		}
		path = before + fmt.Sprint(ids[name]) + after
	}
	switch {
	case strings.HasSuffix(path, "/export"):
		path += "?format=csv"
	case strings.HasSuffix(path, "/labels"):
		path += fmt.Sprintf("?ids=%d", ids["asset"])
	}
	if method == http.MethodPost && (strings.HasSuffix(path, "/files") || strings.HasSuffix(path, "/import")) {
		return b.upload(path, "x.csv", "Name\nx\n")
	}
	if method != http.MethodPost {
		return b.do(method, path, nil)
	}
	form := url.Values{}
	for i := 0; i < len(a.form); i += 2 {
		before, name, place := strings.Cut(strings.TrimSuffix(a.form[i+1], "}"), "{")
		if place {
			before += fmt.Sprint(ids[name])
		}
		form.Add(a.form[i], before)
	}
	return b.do(method, path, form)
}

// things are an asset and a person that nobody tried anything on yet, in the state
// that the route is for, and what is fixed.
func (sc *scene) things(pattern string) map[string]int64 {
	sc.o.t.Helper()
	o, ctx, p := sc.o, sc.o.t.Context(), account.CommandLine()
	out := map[string]int64{"module": sc.module}
	for name, id := range sc.fixed {
		out[name] = id
	}
	if strings.Contains(pattern, "{login}") {
		sc.hired++
		l, err := o.accounts.Invite(ctx, p, account.Invitation{Email: fmt.Sprintf("user%d@contoso.example", sc.hired), Role: sc.fixed["role"], Account: o.module.Account, Module: o.module.ID})
		o.must(err)
		out["login"] = l.ID
	}
	if !strings.Contains(pattern, "{record}") && !strings.Contains(pattern, "{collection}") {
		return out
	}
	asset, person := o.asset("Name", "Laptop"), o.person("Lee Gu")
	out["asset"], out["record"], out["person"] = asset.ID, asset.ID, person.ID
	hasPerson := strings.HasSuffix(pattern, "/give") || strings.HasSuffix(pattern, "/told") || strings.HasSuffix(pattern, "/check-in-all")
	if hasPerson {
		out["collection"], out["record"] = person.Collection, person.ID
	}
	var err error
	switch {
	case strings.Contains(pattern, "/check-in"):
		_, err = o.records.CheckOut(ctx, p, register.CheckOut{Account: asset.Account, Asset: asset.ID, Holder: person.ID})
	case strings.HasSuffix(pattern, "/undo") && strings.Contains(pattern, "{record}"):
		_, err = o.records.WriteOff(ctx, p, asset.Account, asset.ID, "lost")
	case strings.Contains(pattern, "{file}"):
		var f attachment.File
		f, err = o.site.Files.Add(ctx, p, attachment.File{Account: asset.Account, Record: asset.ID, Name: "x.txt", Type: "text/plain"}, strings.NewReader("x"))
		out["file"] = f.ID
	case strings.HasSuffix(pattern, "{record}/sync"):
		out["collection"], out["record"] = person.Collection, sc.linked
	}
	o.must(err)
	return out
}
