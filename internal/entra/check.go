package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reach"
)

// How far a clock may be off, and how long before its end a credential warns.
const (
	skewWarns    = time.Minute
	skewFails    = 5 * time.Minute
	expiresSoon  = 30 * 24 * time.Hour
	checkRetries = 2
	checkBudget  = 20 * time.Second
)

// Check tries the connection and reports fact by fact, each with its remedy. It
// asks for a token of its own, since permissions granted a minute ago are in
// new tokens only, and it is less patient than a reading.
//
//	line              asks
//	host              the sign-in host's discovery document
//	tenant            for a token; /organization for the name
//	client            for a token
//	credential        for a token; the application's secrets or certificates for the expiry
//	object ID         /applications/{id}, and /servicePrincipals/{id} for a swapped one
//	permission …      the token's roles, or what is assigned to the service principal
//	users, …          one page and a count of each
//	clock             the Date of an answer
//
// tell gets each line as soon as it is known; it may be nil.
func (c *Client) Check(ctx context.Context, needs Needs, tell func(Line)) Report {
	cfg := c.cfg
	cfg.MaxRetries, cfg.RetryBudget = checkRetries, checkBudget
	quick, err := New(cfg)
	if err != nil {
		return Report{Lines: []Line{failedLine("configuration", "The configuration is not usable.", err)}}
	}
	defer quick.Close()
	ck := &checker{c: quick, needs: needs, report: Report{tell: tell}}
	if ck.host(ctx) && ck.signIn(ctx) {
		ck.organization(ctx)
		ck.application(ctx)
		ck.permissions(ctx)
		ck.reads(ctx)
		ck.clock()
	}
	return ck.report
}

// CheckSignIn is the beginning of Check: whether the directory is there and gives
// a token, and whether clocks agree. It asks twice, and nothing of Graph.
//
//	line              asks
//	host              the sign-in host's discovery document
//	tenant            for a token
//	client            for a token
//	credential        for a token
//	clock             the Date of the discovery document's answer
func (c *Client) CheckSignIn(ctx context.Context) Report {
	cfg := c.cfg
	cfg.MaxRetries, cfg.RetryBudget = checkRetries, checkBudget
	quick, err := New(cfg)
	if err != nil {
		return Report{Lines: []Line{failedLine("configuration", "The configuration is not usable.", err)}}
	}
	defer quick.Close()
	ck := &checker{c: quick}
	if !ck.host(ctx) {
		return ck.report
	}
	if ck.signIn(ctx) {
		ck.report.add(Line{ID: "tenant", State: Pass, Text: "The directory (tenant) accepts the sign-in."})
		ck.report.add(Line{ID: "client", State: Pass, Text: "The application (client) ID is accepted."})
		ck.report.add(Line{ID: "credential", State: Pass, Text: "The directory gives a token."})
	}
	ck.clock()
	return ck.report
}

// checker is one check under way.
type checker struct {
	c      *Client
	needs  Needs
	report Report
	token  string
	date   time.Time     // of the answer that was seen last
	skew   time.Duration // of the directory's clock against ours
	app    applicationInfo
}

// failedLine makes a failed line of an error.
func failedLine(id, text string, err error) Line {
	return Line{ID: id, State: Fail, Text: text, Remedy: errs.HintOf(err), Detail: detail(err)}
}

// detail returns what a support case needs of an error.
func detail(err error) string {
	if e, ok := errors.AsType[*SignInError](err); ok {
		return e.Error()
	}
	if f := faultOf(err); f != nil {
		return f.Error()
	}
	return err.Error()
}

// host asks for the discovery document; any answer shows that the host is there.
// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
func (ck *checker) host(ctx context.Context) bool {
	c := ck.c
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	address := c.login.String() + "/" + c.cfg.TenantID + "/v2.0/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err == nil {
		req.Header.Set("User-Agent", c.cfg.UserAgent)
		c.usage.requests.Add(1)
		var resp *http.Response
		if resp, err = c.http.Do(req); err == nil {
			ck.noteDate(resp.Header)
			_ = resp.Body.Close() // the answer itself does not matter
		}
	}
	if err != nil {
		l := Line{ID: "host", State: Fail, Text: "The sign-in host " + c.login.Host + " cannot be reached.",
			Remedy: "Check the network, the name server and the proxy (HTTPS_PROXY) of this machine, and that the cloud is right.",
			Detail: withoutURL(err).Error()}
		if errors.Is(err, reach.ErrInside) {
			l.Text, l.Remedy = "The sign-in host "+leadsInside(c.login.Host)+".", vouchHint
		}
		ck.report.add(l)
		ck.report.skip("Not tried: the sign-in host is not reachable.", "tenant", "client", "credential")
		return false
	}
	ck.report.add(Line{ID: "host", State: Pass, Text: "The sign-in host " + c.login.Host + " answers."})
	return true
}

// signIn asks for a token. A refusal fails the line that it is about; the lines
// before that one are shown by it to be right.
func (ck *checker) signIn(ctx context.Context) bool {
	token, err := ck.c.tokens.get(ctx)
	if err == nil {
		ck.token = token
		return true
	}
	lines := []Line{
		{ID: "tenant", State: Pass, Text: "The directory (tenant) exists."},
		{ID: "client", State: Pass, Text: "The application (client) ID is known there."},
		{ID: "credential", State: Pass},
	}
	at := 2
	if e, ok := errors.AsType[*SignInError](err); ok {
		at = stage(e)
	}
	text := "Signing in failed."
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Message != "" {
		text = e.Message + "."
	}
	lines[at] = failedLine(lines[at].ID, text, err)
	for _, l := range lines[:at+1] {
		ck.report.add(l)
	}
	for _, l := range lines[at+1:] {
		ck.report.skip("Not tried: signing in failed before.", l.ID)
	}
	return false
}

// stage tells which line a refusal is about: 0 tenant, 1 client, 2 credential.
func stage(e *SignInError) int {
	for _, code := range e.Codes {
		switch code {
		case 90002, 900023, 90038, 9001023, 50194:
			return 0
		case 700016, 700011, 70001, 7000112, 1000031, 700025:
			return 1
		}
	}
	if e.Name == "invalid_tenant" {
		return 0
	}
	return 2
}

// get asks Graph for one object or page and reads it into v.
func (ck *checker) get(ctx context.Context, op, path string, v any, params ...param) error {
	rq := call{op: op, url: ck.c.link(path, params...), check: func(body []byte) error { return json.Unmarshal(body, v) }}
	a, err := ck.c.do(ctx, rq)
	if err == nil {
		ck.noteDate(a.header)
	}
	return err
}

// noteDate keeps the directory's time, to compare clocks.
func (ck *checker) noteDate(h http.Header) {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		ck.date = at
		ck.skew = at.Sub(ck.c.cfg.Now())
	}
}

type organizationInfo struct {
	Value []struct {
		ID      string `json:"id"`
		Name    string `json:"displayName"`
		Domains []struct {
			Name    string `json:"name"`
			Default bool   `json:"isDefault"`
		} `json:"verifiedDomains"`
	} `json:"value"`
}

// organization names the tenant, so that a wrong one is noticed.
// https://learn.microsoft.com/graph/api/organization-list
func (ck *checker) organization(ctx context.Context) {
	var org organizationInfo
	line := Line{ID: "tenant", State: Pass, Text: "The directory (tenant) is found."}
	err := ck.get(ctx, "read the organization", "/organization", &org, param{"$select", "id,displayName,verifiedDomains"})
	switch {
	case err != nil && !errs.Is(err, errs.Forbidden):
		line = failedLine("tenant", "The directory (tenant) accepts the sign-in, but Microsoft Graph does not answer.", err)
	case err != nil || len(org.Value) == 0 || org.Value[0].Name == "":
		line.Text += " Its name may not be read."
	default:
		o := org.Value[0]
		ck.report.TenantID, ck.report.TenantName = o.ID, o.Name
		for _, d := range o.Domains {
			if d.Default {
				ck.report.Domain = d.Name
			}
		}
		line.Text = fmt.Sprintf("The directory (tenant) is %s, %s.", o.Name, ck.report.Domain)
	}
	ck.report.add(line)
	ck.report.add(Line{ID: "client", State: Pass, Text: "The application (client) ID is accepted."})
}

// permissions compares what is granted with what is needed.
func (ck *checker) permissions(ctx context.Context) {
	roles, ok := rolesIn(ck.token)
	if !ok {
		roles, ok = ck.assigned(ctx)
	}
	if !ok {
		ck.report.skip("Which permissions are granted cannot be seen; the lines below show what works.", "permissions")
		return
	}
	ck.report.Roles = roles
	for _, l := range permissionLines(ck.needs, roles) {
		ck.report.add(l)
	}
}

// assigned asks for the permissions that are granted to the service principal.
// https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments
func (ck *checker) assigned(ctx context.Context) ([]string, bool) {
	var page struct {
		Value []struct {
			Role string `json:"appRoleId"`
		} `json:"value"`
	}
	path := "/servicePrincipals(appId='" + ck.c.cfg.ClientID + "')/appRoleAssignments"
	if err := ck.get(ctx, "read the granted permissions", path, &page); err != nil {
		return nil, false
	}
	var roles []string
	for _, a := range page.Value {
		roles = append(roles, roleName(a.Role))
	}
	slices.Sort(roles)
	return roles, true
}

// reads tries what a run will read.
func (ck *checker) reads(ctx context.Context) {
	ck.readable(ctx, "users", directory.User, "/users", true)
	ck.readable(ctx, "groups", directory.Group, "/groups", true)
	ck.members(ctx)
	ck.readable(ctx, "devices", directory.Device, "/devices", ck.needs.Devices)
	ck.readable(ctx, "administrative units", directory.AdministrativeUnit, "/directory/administrativeUnits", ck.needs.AdministrativeUnits)
	ck.readable(ctx, "deleted users", directory.User, "/directory/deletedItems/microsoft.graph.user", true)
}

// readable reads one object of a collection and counts all.
func (ck *checker) readable(ctx context.Context, name string, kind directory.Kind, path string, needed bool) {
	if !needed {
		return
	}
	var page struct {
		Value []json.RawMessage `json:"value"`
	}
	err := ck.get(ctx, "read "+name, path, &page, param{"$select", "id,displayName"}, param{"$top", "1"})
	if err != nil {
		ck.report.add(failedLine(name, "The "+name+" cannot be read.", err))
		return
	}
	line := Line{ID: name, State: Pass, Text: "The " + name + " can be read."}
	if n, err := ck.c.count(ctx, kind, path); err == nil {
		line.Text = fmt.Sprintf("The %s can be read: %d.", name, n)
		if n == 0 && name == "users" {
			line.State, line.Remedy = Warn, "A directory without users is unlikely. Check that the tenant ID is of the right directory."
		}
	}
	ck.report.add(line)
}

// members reads members of a few groups and looks for hollow ones (F61).
func (ck *checker) members(ctx context.Context) {
	units, err := ck.c.search(ctx, directory.Group, "", 5, []string{"displayName"})
	if err != nil {
		ck.report.skip("Not tried: groups cannot be read.", "members")
		return
	}
	read, hollow := 0, 0
	for _, u := range units {
		unit := directory.Unit{Kind: directory.Group, ID: u.ID}
		for p, err := range ck.c.Members(ctx, unit, directory.User, directory.Cursor{}) {
			if err != nil {
				if errs.Is(err, errs.NotFound) {
					break // deleted between the two questions (F63)
				}
				ck.report.add(failedLine("members", "The members of groups cannot be read.", err))
				return
			}
			for i := range p.Objects {
				read++
				if p.Objects[i].Hollow {
					hollow++
				}
			}
			break
		}
		if read > 0 {
			break
		}
	}
	line := Line{ID: "members", State: Pass, Text: "The members of groups can be read."}
	if hollow > 0 {
		line = Line{ID: "members", State: Fail, Text: fmt.Sprintf("Of %d members that were read, the directory shows only the ID of %d.", read, hollow),
			Remedy: "Add the application permission User.Read.All under API permissions and grant admin consent."}
	}
	ck.report.add(line)
}

// clock compares this machine's clock with the directory's.
func (ck *checker) clock() {
	line := Line{ID: "clock", State: Pass, Text: "This machine's clock is right."}
	skew := ck.skew.Abs()
	switch {
	case ck.date.IsZero():
		line = Line{ID: "clock", State: Skip, Text: "The clock could not be compared."}
	case skew > skewFails:
		line.State = Fail
	case skew > skewWarns:
		line.State = Warn
	}
	if line.State == Fail || line.State == Warn {
		line.Text = fmt.Sprintf("This machine's clock is %s off Microsoft's.", skew.Round(time.Second))
		line.Remedy = "Set this machine's clock, best by NTP."
	}
	ck.report.add(line)
}
