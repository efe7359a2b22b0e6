//go:build linux

package bench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytedance/sonic"
	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// person is a user of Graph as a program without any care would declare it.
type person struct {
	AccountEnabled                  *bool    `json:"accountEnabled"`
	AgeGroup                        *string  `json:"ageGroup"`
	BusinessPhones                  []string `json:"businessPhones"`
	City                            *string  `json:"city"`
	CompanyName                     *string  `json:"companyName"`
	Country                         *string  `json:"country"`
	Department                      *string  `json:"department"`
	DisplayName                     *string  `json:"displayName"`
	Mail                            *string  `json:"mail"`
	EmployeeHireDate                *string  `json:"employeeHireDate"`
	EmployeeID                      *string  `json:"employeeId"`
	EmployeeOrgData                 *orgData `json:"employeeOrgData"`
	EmployeeType                    *string  `json:"employeeType"`
	ExternalUserState               *string  `json:"externalUserState"`
	ExternalUserStateChangeDateTime *string  `json:"externalUserStateChangeDateTime"`
	FaxNumber                       *string  `json:"faxNumber"`
	GivenName                       *string  `json:"givenName"`
	JobTitle                        *string  `json:"jobTitle"`
	Surname                         *string  `json:"surname"`
	MailNickname                    *string  `json:"mailNickname"`
	MobilePhone                     *string  `json:"mobilePhone"`
	ID                              string   `json:"id"`
	OfficeLocation                  *string  `json:"officeLocation"`
	OtherMails                      []string `json:"otherMails"`
	PreferredLanguage               *string  `json:"preferredLanguage"`
	State                           *string  `json:"state"`
	StreetAddress                   *string  `json:"streetAddress"`
	UsageLocation                   *string  `json:"usageLocation"`
	UserPrincipalName               *string  `json:"userPrincipalName"`
	UserType                        *string  `json:"userType"`
	PostalCode                      *string  `json:"postalCode"`
	Manager                         *person  `json:"manager"`
	Removed                         any      `json:"@removed"`
}

type orgData struct {
	Division   string `json:"division"`
	CostCenter string `json:"costCenter"`
}

type page struct {
	Next   string   `json:"@odata.nextLink"`
	Delta  string   `json:"@odata.deltaLink"`
	People []person `json:"value"`
}

// columns are those of the floor's table: 31 attributes and the status.
const columns = `account_enabled, age_group, business_phone, city, company_name, country, department, display_name, mail, hire_date,
	employee_id, org_data, employee_type, external_state, external_state_at, fax, given_name, job_title, surname, nickname, mobile, id,
	office, other_mails, language, state, street, usage_location, upn, user_type, postal_code, status`

// columnCount is the number of columns.
const columnCount = 32

// row fills dst with the values of the columns.
func (p *person) row(dst []any) {
	texts := [...]*string{nil, p.AgeGroup, nil, p.City, p.CompanyName, p.Country, p.Department, p.DisplayName, p.Mail, p.EmployeeHireDate,
		p.EmployeeID, nil, p.EmployeeType, p.ExternalUserState, p.ExternalUserStateChangeDateTime, p.FaxNumber, p.GivenName, p.JobTitle,
		p.Surname, p.MailNickname, p.MobilePhone, &p.ID, p.OfficeLocation, nil, p.PreferredLanguage, p.State, p.StreetAddress,
		p.UsageLocation, p.UserPrincipalName, p.UserType, p.PostalCode, nil}
	for i, t := range texts {
		if dst[i] = nil; t != nil {
			dst[i] = *t
		}
	}
	if p.AccountEnabled != nil {
		dst[0] = fmt.Sprint(*p.AccountEnabled)
	}
	dst[2], dst[23], dst[31] = strings.Join(p.BusinessPhones, ", "), strings.Join(p.OtherMails, ", "), "Active"
	if p.EmployeeOrgData != nil {
		dst[11] = p.EmployeeOrgData.Division + ", " + p.EmployeeOrgData.CostCenter
	}
}

// floor reads a tenant without any care: no retries, no checks, no mirror.
type floor struct {
	b       *testing.B
	tenant  *tenant
	token   string
	buffer  []byte
	users   string // the listing
	members string // the listing of who gets a login; "" when nobody does
}

// newFloor returns the floor of syncs of a plan: it reads the same pages.
func newFloor(b *testing.B, t *tenant, p plan) *floor {
	b.Helper()
	f := &floor{b: b, tenant: t, token: t.token(b), users: t.URL + "/v1.0/users?$select=" + strings.Join(selected(), ",") + "&$top=999"}
	if p.manager {
		f.users += "&$expand=manager($select=id)"
	}
	if p.logins {
		f.pages(t.URL+"/v1.0/groups?$select=id&$filter=displayName%20eq%20%27All%20Staff%27", func(groups []person) {
			f.members = t.URL + "/v1.0/groups/" + groups[0].ID + "/transitiveMembers/microsoft.graph.user?$select=id&$top=999"
		})
	}
	return f
}

// pages downloads and decodes the chain of pages that begins with link and
// returns the link for the next round of changes, if there is one.
func (f *floor) pages(link string, use func([]person)) (delta string) {
	f.b.Helper()
	for link != "" {
		var p page
		must(f.b, sonic.ConfigFastest.Unmarshal(f.get(link), &p))
		use(p.People)
		link, delta = p.Next, p.Delta
	}
	return delta
}

// get returns a body that is good until the next call.
func (f *floor) get(link string) []byte {
	f.b.Helper()
	req, err := http.NewRequestWithContext(f.b.Context(), http.MethodGet, link, nil)
	must(f.b, err)
	req.Header.Set("Authorization", "Bearer "+f.token)
	resp, err := f.tenant.client.Do(req)
	must(f.b, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		f.b.Fatalf("GET %s: %s", link, resp.Status)
	}
	if n := int(resp.ContentLength); n > cap(f.buffer) {
		f.buffer = make([]byte, n+n/8)
	}
	body := f.buffer[:resp.ContentLength]
	_, err = io.ReadFull(resp.Body, body)
	must(f.b, err)
	return body
}

// decode downloads and decodes everything, and returns how many people came.
func (f *floor) decode() (n int) {
	f.b.Helper()
	f.pages(f.users, func(people []person) { n += len(people) })
	f.pages(f.members, func([]person) {})
	return n
}

// rowsPerTransaction is how many rows the floors write in one transaction.
const rowsPerTransaction = 10_000

// batches gathers people into slices of a transaction's size.
func (f *floor) batches(write func([]person)) (n int) {
	f.b.Helper()
	var batch []person
	f.pages(f.members, func([]person) {})
	f.pages(f.users, func(people []person) {
		n += len(people)
		if batch = append(batch, people...); len(batch) >= rowsPerTransaction {
			write(batch)
			batch = batch[:0]
		}
	})
	if len(batch) > 0 {
		write(batch)
	}
	return n
}

// bareTable is the statement that makes the floor's table.
const bareTable = "CREATE TABLE person (" + columns + ")"

// sqlite opens an empty database with the floor's table.
func (f *floor) sqlite(statement string) *sql.Conn {
	f.b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(f.b.TempDir(), "floor.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=page_size(8192)")
	must(f.b, err)
	f.b.Cleanup(func() { db.Close() })
	conn, err := db.Conn(f.b.Context())
	must(f.b, err)
	_, err = conn.ExecContext(f.b.Context(), statement)
	must(f.b, err)
	return conn
}

// insertSQLite is the floor of a first sync into SQLite: one row a person, by a
// prepared statement on the driver itself.
func (f *floor) insertSQLite(conn *sql.Conn) (n int) {
	f.b.Helper()
	must(f.b, conn.Raw(func(raw any) error {
		c := raw.(interface {
			driver.ConnPrepareContext
			driver.ConnBeginTx
		})
		stmt, err := c.PrepareContext(f.b.Context(), "INSERT INTO person VALUES (?"+strings.Repeat(", ?", columnCount-1)+")")
		must(f.b, err)
		args, dst := make([]driver.NamedValue, columnCount), make([]any, columnCount)
		n = f.batches(func(people []person) {
			tx, err := c.BeginTx(f.b.Context(), driver.TxOptions{})
			must(f.b, err)
			for i := range people {
				people[i].row(dst)
				for j, v := range dst {
					args[j] = driver.NamedValue{Ordinal: j + 1, Value: v}
				}
				_, err := stmt.(driver.StmtExecContext).ExecContext(context.Background(), args)
				must(f.b, err)
			}
			must(f.b, tx.Commit())
		})
		return stmt.Close()
	}))
	return n
}

// copyPostgres is the floor of a first sync into PostgreSQL: COPY.
func (f *floor) copyPostgres(conn *pgx.Conn) (n int) {
	f.b.Helper()
	names := strings.FieldsFunc(columns, func(r rune) bool { return strings.ContainsRune(", \n\t", r) })
	dst := make([]any, columnCount)
	return f.batches(func(people []person) {
		_, err := conn.CopyFrom(f.b.Context(), pgx.Identifier{"person"}, names, pgx.CopyFromSlice(len(people), func(i int) ([]any, error) {
			people[i].row(dst)
			return dst, nil
		}))
		must(f.b, err)
	})
}

// postgres connects to a database and makes the floor's table there.
func (f *floor) postgres(address string) *pgx.Conn {
	f.b.Helper()
	conn, err := pgx.Connect(f.b.Context(), address)
	must(f.b, err)
	f.b.Cleanup(func() { conn.Close(context.Background()) })
	_, err = conn.Exec(f.b.Context(), strings.ReplaceAll("CREATE TABLE person ("+columns+" text)", ",", " text,"))
	must(f.b, err)
	return conn
}
