package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// applyCmd sets up what a file describes.
type applyCmd struct {
	File   string `short:"f" help:"The set-up file." default:"muster.yaml" type:"path" placeholder:"FILE"`
	DryRun bool   `help:"Only show what would change."`
}

// errDryRun ends the transaction of a dry run, whose work is not kept.
var errDryRun = errors.New("dry run")

// Run applies the file in one transaction: all of it or nothing.
func (cmd *applyCmd) Run(ctx context.Context, c *console, p *program) error {
	file, err := config.Load(cmd.File, c.getenv)
	if err != nil {
		return err
	}
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	done, err := h.apply(ctx, file, cmd.DryRun)
	if err != nil {
		return err
	}
	for _, line := range done {
		c.line("%s", line)
	}
	switch {
	case len(done) == 0:
		c.line("Nothing to change.")
	case cmd.DryRun:
		c.line("Dry run: nothing was changed.")
	}
	return nil
}

// apply makes the register what a file says and returns a line for each change.
// What the file does not mention stays as it is, but for mappings: those are the
// ones in the file.
func (h *house) apply(ctx context.Context, f config.File, dryRun bool) (done []string, err error) {
	err = h.db.InTx(ctx, func(ctx context.Context) error {
		s := &setUp{house: h}
		if err := s.file(ctx, f); err != nil {
			return err
		}
		done = s.done
		if dryRun {
			return errDryRun
		}
		return nil
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return done, err
}

// setUp carries out a file.
type setUp struct {
	*house
	done []string
}

func (s *setUp) say(format string, args ...any) {
	s.done = append(s.done, fmt.Sprintf(format, args...))
}

func (s *setUp) file(ctx context.Context, f config.File) error {
	_, err := s.accounts.Organization(ctx)
	if errs.Is(err, errs.NotFound) {
		admin := f.Organization.Administrator
		if err := s.accounts.Setup(ctx, f.Organization.Name, admin.Email, admin.Password); err != nil {
			return errs.Wrap(err, "set up the organization")
		}
		s.say("+ organization %s", f.Organization.Name)
	} else if err != nil {
		return err
	}
	for _, a := range f.Accounts {
		if err := s.account(ctx, a); err != nil {
			return errs.Wrap(err, "account "+a.Name)
		}
	}
	for _, u := range f.Users {
		if err := s.user(ctx, u); err != nil {
			return at(u.Pos, err)
		}
	}
	return nil
}

// user makes a login by hand and gives it its roles. One that is there keeps its
// password and whatever else it has.
func (s *setUp) user(ctx context.Context, in config.User) error {
	old, err := s.accounts.FindLogin(ctx, s.me, in.Email)
	fresh := errs.Is(err, errs.NotFound)
	if err != nil && !fresh {
		return err
	}
	login := old
	for _, g := range in.Roles {
		grant, err := s.grant(ctx, g)
		if err != nil {
			return at(g.Pos, err)
		}
		if slices.ContainsFunc(old.Grants, func(h account.Grant) bool {
			return h.Account == grant.Account && h.Module == grant.Module && h.Role == grant.Role && h.Mapping == 0
		}) {
			continue
		}
		login, err = s.accounts.Invite(ctx, s.me, account.Invitation{
			Email: in.Email, Name: in.Name, Account: grant.Account, Module: grant.Module, Role: grant.Role,
		})
		if err != nil {
			return err
		}
		if !fresh {
			s.say("~ user %s", in.Email)
		}
	}
	if !fresh || login.ID == 0 {
		return nil
	}
	s.say("+ user %s", in.Email)
	if !in.Password.IsZero() {
		if err := s.accounts.ResetPassword(ctx, s.me, in.Email, in.Password); err != nil {
			return err
		}
	}
	if in.BreakGlass {
		return s.accounts.SetBreakGlass(ctx, s.me, login.ID, true)
	}
	return nil
}

// grant resolves the names of a role and of where it holds.
func (s *setUp) grant(ctx context.Context, in config.Grant) (account.Grant, error) {
	var g account.Grant
	if in.Account != "" && in.Module != "" {
		a, m, err := s.accounts.FindModule(ctx, s.me, in.Account, in.Module)
		if err != nil {
			return g, err
		}
		g.Account, g.Module = a.ID, m.ID
	} else if in.Account != "" {
		all, err := s.accounts.Accounts(ctx, s.me)
		if err != nil {
			return g, err
		}
		i := slices.IndexFunc(all, func(a account.Account) bool { return strings.EqualFold(a.Name, in.Account) })
		if i < 0 {
			return g, errs.New(errs.Invalid, "there is no account %q", in.Account)
		}
		g.Account = all[i].ID
	}
	role, err := s.accounts.Role(ctx, g.Module, in.Role)
	g.Role = role.ID
	return g, err
}

func (s *setUp) account(ctx context.Context, in config.Account) error {
	all, err := s.accounts.Accounts(ctx, s.me)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(a account.Account) bool { return strings.EqualFold(a.Name, in.Name) })
	var a account.Account
	if i >= 0 {
		a = all[i]
	} else {
		if a, err = s.accounts.CreateAccount(ctx, s.me, in.Name); err != nil {
			return err
		}
		s.say("+ account %s", a.Name)
	}
	for _, m := range in.Modules {
		if err := s.moduleOf(ctx, a, m); err != nil {
			return errs.Wrap(err, "module "+m.Name)
		}
	}
	return nil
}

func (s *setUp) moduleOf(ctx context.Context, a account.Account, in config.Module) error {
	all, err := s.accounts.Modules(ctx, s.me, a.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m account.Module) bool { return strings.EqualFold(m.Name, in.Name) })
	var m account.Module
	if i >= 0 {
		m = all[i]
	} else {
		main := in.MainCollection
		if main == "" {
			main = "Assets"
		}
		m, err = s.accounts.CreateModule(ctx, s.me, a.ID, in.Name, func(ctx context.Context, m account.Module) error {
			_, err := s.records.SetUpModule(ctx, s.me.Actor(), m.Account, m.ID, main)
			return err
		})
		if err != nil {
			return err
		}
		s.say("+ module %s", m.Name)
	}
	if err := s.collections(ctx, m, in.Collections); err != nil {
		return err
	}
	for _, r := range in.Roles {
		if err := s.role(ctx, m, r); err != nil {
			return at(r.Pos, err)
		}
	}
	for _, integration := range in.Integrations {
		if err := s.integration(ctx, m, integration); err != nil {
			return err
		}
	}
	for _, a := range in.Automations {
		if err := s.automation(ctx, m, a); err != nil {
			return at(a.Pos, errs.Wrap(err, "automation "+a.Name))
		}
	}
	return nil
}

// role makes a module's own role; one of that name stays as it is.
func (s *setUp) role(ctx context.Context, m account.Module, in config.Role) error {
	all, err := s.accounts.Roles(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(r account.Role) bool { return r.Module == m.ID && strings.EqualFold(r.Name, in.Name) }) {
		return nil
	}
	role := account.Role{Account: m.Account, Module: m.ID, Name: in.Name, Scope: account.ModuleWide, Rank: account.CollaboratorRank}
	for _, p := range in.Permissions {
		if len(p.Collections) == 0 {
			role.Permissions = append(role.Permissions, account.Permission{Action: account.Action(p.Action)})
		}
		for _, name := range p.Collections {
			col, err := s.collection(ctx, m, name)
			if err != nil {
				return err
			}
			role.Permissions = append(role.Permissions, account.Permission{Action: account.Action(p.Action), Collection: col.ID})
		}
	}
	_, err = s.accounts.CreateRole(ctx, s.me, role)
	s.say("+ role %s", in.Name)
	return err
}

// collections makes the collections first and their fields afterwards, because
// fields link to collections.
func (s *setUp) collections(ctx context.Context, m account.Module, list []config.Collection) error {
	for _, in := range list {
		_, err := s.collection(ctx, m, in.Name)
		if errs.Is(err, errs.NotFound) {
			_, err = s.records.CreateCollection(ctx, s.me, m.Account, m.ID, in.Name)
			s.say("+ collection %s", in.Name)
		}
		if err != nil {
			return errs.Wrap(err, "collection "+in.Name)
		}
	}
	for _, in := range list {
		col, err := s.collection(ctx, m, in.Name)
		if err != nil {
			return err
		}
		for _, f := range in.Fields {
			if err := s.field(ctx, m, col, f); err != nil {
				return errs.Wrap(err, "collection "+in.Name+": field "+f.Name)
			}
		}
	}
	return nil
}

func (s *setUp) field(ctx context.Context, m account.Module, col register.Collection, in config.Field) error {
	want, err := s.fieldFrom(ctx, m, col, in)
	if err != nil {
		return err
	}
	all, err := s.records.Fields(ctx, m.Account, col.ID)
	if err != nil {
		return err
	}
	for _, old := range all {
		if !strings.EqualFold(old.Name, in.Name) {
			continue
		}
		want.ID, want.Position, want.Title = old.ID, old.Position, old.Title || want.Title
		if sameField(old, want) {
			return nil
		}
		_, err = s.records.ChangeField(ctx, s.me, want)
		s.say("~ field %s.%s", col.Name, in.Name)
		return err
	}
	_, err = s.records.AddField(ctx, s.me, want)
	s.say("+ field %s.%s", col.Name, in.Name)
	return err
}

func sameField(a, b register.Field) bool {
	return a.Name == b.Name && a.Title == b.Title && a.Hidden == b.Hidden && a.Spec.Type == b.Spec.Type &&
		a.Spec.Required == b.Spec.Required && a.Spec.Unique == b.Spec.Unique && a.Spec.MaxLength == b.Spec.MaxLength &&
		a.Spec.Collection == b.Spec.Collection && a.Spec.Currency == b.Spec.Currency && slices.Equal(a.Spec.Choices, b.Spec.Choices)
}

func (s *setUp) fieldFrom(ctx context.Context, m account.Module, col register.Collection, in config.Field) (register.Field, error) {
	t := in.Type
	f := register.Field{
		Account: m.Account, Collection: col.ID, Name: in.Name, Title: in.Title, Hidden: in.Hidden,
		Spec: datatype.Spec{Type: t, Required: in.Required, Unique: in.Unique, Choices: in.Choices, MaxLength: in.MaxLength, Currency: in.Currency},
	}
	if t == datatype.Link {
		to, err := s.collection(ctx, m, in.Collection)
		if err != nil {
			return f, at(in.At("collection"), err)
		}
		f.Spec.Collection = to.ID
	}
	return f, nil
}

func (s *setUp) integration(ctx context.Context, m account.Module, in config.Integration) error {
	limits, err := limitsFrom(in.Limits)
	if err != nil {
		return err
	}
	old, err := s.db.FindConnection(ctx, m.ID, in.Kind)
	fresh := errs.Is(err, errs.NotFound)
	if err != nil && !fresh {
		return err
	}
	conn := syncer.Connection{
		Account: m.Account, Module: m.ID, Kind: in.Kind, TenantID: in.Connection.TenantID, ClientID: in.Connection.ClientID,
		ApplicationObjectID: in.Connection.ApplicationObjectID, Cloud: in.Connection.Cloud, LoginURL: in.Connection.LoginURL,
		GraphURL: in.Connection.GraphURL, CAPEM: in.Connection.CAPEM, Credential: syncer.ClientSecret,
		CertificatePEM: in.Connection.CertPEM, Secret: in.Connection.Secret, Limits: limits, Readers: in.Connection.Readers,
		Inside:   true, // whoever applies a file has the machine
		Schedule: syncer.Schedule{Incremental: in.Schedule.Incremental.String(), Full: in.Schedule.Full.String(), TimeZone: in.Schedule.TimeZone},
	}
	if in.Connection.CertPEM != "" {
		conn.Credential = syncer.ClientCertificate
	}
	client, err := s.connect(conn) // refuses addresses and certificates that cannot be right
	if err != nil {
		return errs.Wrap(errs.As(err, errs.Invalid), "connection")
	}
	client.Close()
	saved, err := s.sync.SaveConnection(ctx, conn)
	if err != nil {
		return errs.Wrap(err, "connection")
	}
	switch {
	case fresh:
		s.say("+ connection to tenant %s", conn.TenantID)
	case saved.Version != old.Version:
		s.say("~ connection to tenant %s", conn.TenantID)
	}
	var defs []mapping.Definition
	for _, mp := range in.Mappings {
		def, err := s.mapping(ctx, m, mp)
		if err != nil {
			return at(mp.Pos, err)
		}
		defs = append(defs, def)
	}
	lines, err := s.sync.SaveMappings(ctx, saved.ID, defs)
	s.done = append(s.done, lines...)
	return at(in.At("mappings"), err)
}

// at gives an error of the input its place in the set-up file. Problems have
// theirs already.
func at(where config.Pos, err error) error {
	if _, placed := errors.AsType[config.Problems](err); err == nil || placed {
		return err
	}
	if errs.KindOf(err) == errs.Internal {
		return err
	}
	return errs.New(errs.Invalid, "%s: %s", where, err).WithHint("%s", errs.HintOf(err))
}

// limitsFrom lays the limits of a file over the usual ones.
func limitsFrom(in map[string]config.Limit) (reconcile.Limits, error) {
	out := reconcile.DefaultLimits()
	for name, l := range in {
		class, ok := reconcile.ClassNamed(name)
		if !ok {
			var names []string
			for _, c := range reconcile.Classes() {
				names = append(names, c.String())
			}
			return nil, errs.New(errs.Invalid, "there is no limit %q", name).WithHint("The limits are %s.", strings.Join(names, ", "))
		}
		limit := out[class]
		set := func(to *int, from *int) {
			if from != nil {
				*to = *from
			}
		}
		set(&limit.Count, l.Count)
		set(&limit.Percent, l.Percent)
		set(&limit.Floor, l.Floor)
		if l.Count != nil && l.Floor == nil { // a count says how many at most, floor or not
			limit.Floor = min(limit.Floor, *l.Count)
			if class == reconcile.ClassAdministrator {
				limit.Floor = *l.Count
			}
		}
		out[class] = limit
	}
	return out, nil
}

// entities are the external entities of records mappings.
var entities = map[string]directory.Kind{
	"": directory.User, "users": directory.User, "devices": directory.Device, "groups": directory.Group,
}

func (s *setUp) mapping(ctx context.Context, m account.Module, in config.Mapping) (mapping.Definition, error) {
	entity, ok := entities[in.ExternalEntity]
	if !ok {
		return mapping.Definition{}, errs.New(errs.Invalid, "there is no external entity %q", in.ExternalEntity).WithHint("There are users, devices and groups.")
	}
	def := mapping.Definition{
		Name: in.Name, Kind: mapping.Kind(in.Kind), Entity: entity, Identifier: in.UniqueIdentifier,
		LeaveWhenNotFound: in.WhenNotFound == "leave", Zone: in.TimeZone,
	}
	if def.Identifier == "" {
		def.Identifier = mapping.ByObjectID
	}
	if in.Guests == "exclude" || in.Guests == "people_only" {
		def.Guests = mapping.GuestPolicy(in.Guests)
	}
	for _, u := range in.Units {
		def.Units = append(def.Units, unitFrom(u))
	}
	for _, cond := range in.Conditions {
		def.Conditions = append(def.Conditions, mapping.Condition{Path: cond.Field, Operator: cond.Operator, Value: cond.Value, Values: cond.Values})
	}
	if err := s.mappingRole(ctx, m, in, &def); err != nil {
		return def, err
	}
	return def, s.mappingRows(ctx, m, in, &def)
}

func unitFrom(u config.Unit) directory.UnitRef {
	if u.AdministrativeUnit != "" {
		return directory.UnitRef{Kind: directory.AdministrativeUnit, Name: u.AdministrativeUnit}
	}
	return directory.UnitRef{Kind: directory.Group, Name: u.Group, Nested: u.Nested}
}

func (s *setUp) mappingRole(ctx context.Context, m account.Module, in config.Mapping, def *mapping.Definition) error {
	if in.UserRole == "" {
		return nil
	}
	role, err := s.accounts.Role(ctx, m.ID, in.UserRole)
	if err != nil {
		return at(in.At("user_role"), err)
	}
	def.Module, def.Role, def.Administrator = m.ID, role.ID, role.Administrator()
	if in.WhenOutside == "keep_as_collaborator" {
		keep, err := s.accounts.Role(ctx, m.ID, account.Collaborator)
		if err != nil {
			return err
		}
		def.Outside = reconcile.RoleWish{Module: m.ID, Role: keep.ID}
	}
	return nil
}

// mappingRows resolves the names of fields to their numbers.
func (s *setUp) mappingRows(ctx context.Context, m account.Module, in config.Mapping, def *mapping.Definition) error {
	fields := map[string]int64{}
	var names []string
	if in.Collection != "" {
		col, err := s.collection(ctx, m, in.Collection)
		if err != nil {
			return at(in.At("collection"), err)
		}
		def.Collection = col.ID
		list, err := s.records.Fields(ctx, m.Account, col.ID)
		if err != nil {
			return err
		}
		for _, f := range list {
			fields[strings.ToLower(f.Name)] = f.ID
			names = append(names, f.Name)
		}
	} else if def.Kind == mapping.Login {
		fields["name"], fields["email"] = mapping.LoginNameField, mapping.LoginEmailField
		names = []string{"Name", "Email"}
	}
	for i, row := range in.Fields {
		to, ok := fields[strings.ToLower(row.To)]
		if !ok {
			return config.Problems{row.At("to").Problemf("mapping %s: there is no field %q in %s", in.Name, row.To, value(in.Collection)).Suggest(row.To, names)}
		}
		r, err := rowFrom(row, to)
		if err != nil {
			return errs.Wrap(err, fmt.Sprintf("row %d", i+1))
		}
		def.Rows = append(def.Rows, r)
	}
	if def.Kind == mapping.Login && def.Collection != 0 && len(def.Rows) == 0 {
		def.Collection = 0 // "also tie the login to its person": the tie is made through the links
	}
	return nil
}

func rowFrom(in config.Row, to int64) (mapping.Row, error) {
	row := mapping.Row{From: in.From, To: to, Fallback: in.Fallback, CreateMissing: in.CreateMissing}
	owners := map[string]reconcile.Owner{"": reconcile.DirectoryWins, "directory": reconcile.DirectoryWins, "fill_if_empty": reconcile.FillIfEmpty, "on_create": reconcile.OnCreate}
	owner, ok := owners[in.Owner]
	if !ok {
		return row, errs.New(errs.Invalid, "there is no owner %q", in.Owner).WithHint("There are directory, fill_if_empty and on_create.")
	}
	row.Owner = owner
	switch in.WhenEmpty {
	case "":
	case "keep", "clear":
		rule := reconcile.KeepWhenEmpty
		if in.WhenEmpty == "clear" {
			rule = reconcile.ClearWhenEmpty
		}
		row.Empty = &rule
	default:
		return row, errs.New(errs.Invalid, "when_empty is %q", in.WhenEmpty).WithHint("It is keep or clear.")
	}
	for _, t := range in.Transforms {
		row.Transforms = append(row.Transforms, mapping.Transform{Kind: t.Kind, Text: t.Text, With: t.With})
	}
	return row, nil
}
