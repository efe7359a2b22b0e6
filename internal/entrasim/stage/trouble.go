package stage

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/entrasim"
)

// misfortune is trouble that can be switched on with one button.
type misfortune struct {
	Name, Text, Next string
	fault            entrasim.Fault
}

// misfortunes are what the real service does on bad days.
func misfortunes() []misfortune {
	return []misfortune{
		{"Throttle", "Every third answer is “429, come back in two seconds”.", "The run takes longer, and its report says how long it waited. Nothing is lost.",
			entrasim.Fault{Kind: entrasim.FaultThrottle, Every: 3, RetryAfter: "2"}},
		{"Break now and then", "Every fifth answer is “503, unavailable”.", "The page is asked for again, and only that page.",
			entrasim.Fault{Kind: entrasim.FaultStatus, Status: 503, Every: 5}},
		{"Be down", "Every answer is “503, unavailable”.", "The run fails with what to do. Nobody loses anything, and the next run goes on where it stopped.",
			entrasim.Fault{Kind: entrasim.FaultStatus, Status: 503}},
		{"Cut answers off", "Every fourth answer breaks off in the middle.", "A page that did not arrive whole is never taken for the end of the list.",
			entrasim.Fault{Kind: entrasim.FaultCut, Every: 4, Fraction: .5}},
		{"Be slow", "Each answer takes two seconds.", "The progress of the run is worth a look.",
			entrasim.Fault{Kind: entrasim.FaultSlow, DelayMS: 2000}},
		{"Answer with nobody", "The list of users is empty, as if the company had been dissolved.", "Run a full sync: Muster holds the run, removes nobody and asks.",
			entrasim.Fault{Kind: entrasim.FaultEmpty, Match: "^/users"}},
		{"Forget the changes", "The links for “what changed since” have expired.", "The next run reads everything once, and says why.",
			entrasim.Fault{Kind: entrasim.FaultExpiredDelta, Times: 3}},
		{"List without an end", "The last page has a link to another one, for ever.", "Run a full sync: Muster notices and stops.",
			entrasim.Fault{Kind: entrasim.FaultEndlessNext, Match: "^/users"}},
		{"Refuse to sign in", "Sign-in answers that the service is not available.", "Test the connection in Muster: it says what Microsoft said.",
			entrasim.Fault{Kind: entrasim.FaultSignIn, Code: 90033}},
	}
}

// troublePage is the app registration and the trouble there is.
type troublePage struct {
	Armed       []entrasim.FaultState
	Misfortunes []misfortune
	Roles       []roleState
	NewSecret   string
}

// roleState is an application permission with whether it has consent.
type roleState struct {
	Name string
	On   bool
}

// trouble shows what can go wrong.
func (s *Stage) trouble(v *visit) error { return v.showTrouble(http.StatusOK, "", nil) }

func (v *visit) showTrouble(status int, secret string, fault error) error {
	p := troublePage{Armed: v.s.control.Faults(), Misfortunes: misfortunes(), NewSecret: secret}
	granted := v.s.control.Roles()
	for _, role := range entrasim.DefaultRoles() {
		p.Roles = append(p.Roles, roleState{role, slices.Contains(granted, role)})
	}
	return v.show(status, "trouble", "Trouble", fault, p)
}

// makeTrouble switches trouble on.
func (s *Stage) makeTrouble(v *visit) error {
	for _, m := range misfortunes() {
		if m.Name == v.text("name") {
			if err := s.control.Inject(m.fault); err != nil {
				return err
			}
			return v.then("trouble", "Switched on: "+m.Text, m.Next)
		}
	}
	return v.showTrouble(http.StatusUnprocessableEntity, "", errors.New("choose one of the kinds of trouble"))
}

// appAct changes the app registration, or ends the trouble.
func (s *Stage) appAct(v *visit) error {
	switch act := v.r.PathValue("act"); act {
	case "end":
		s.control.ClearFaults()
		return v.then("trouble", "All is well again.", "Sync in Muster: it catches up by itself.")
	case "expire-secret":
		s.control.ExpireSecret()
		return v.then("trouble", "The client secret has expired.", "Test the connection in Muster: it says so, and how to replace the secret.")
	case "ending-secret":
		s.control.SecretEnds(time.Now().Add(20*24*time.Hour + time.Hour))
		return v.then("trouble", "The client secret ends in 20 days.", "Test the connection in Muster: it counts down in amber, and says how to renew the secret in time.")
	case "rotate-secret":
		secret := s.control.RotateSecret("")
		return v.showTrouble(http.StatusOK, secret, nil)
	case "consent":
		role := v.text("role")
		if !slices.Contains(entrasim.DefaultRoles(), role) {
			return v.showTrouble(http.StatusUnprocessableEntity, "", fmt.Errorf("there is no permission %q here", role))
		}
		roles := s.control.Roles()
		if i := slices.Index(roles, role); i >= 0 {
			s.control.SetRoles(slices.Delete(slices.Clone(roles), i, i+1)...)
			s.control.RevokeTokens()
			return v.then("trouble", "Consent to "+role+" is withdrawn.", "Test the connection in Muster: it names the permission and how to grant it.")
		}
		s.control.SetRoles(append(slices.Clone(roles), role)...)
		s.control.RevokeTokens()
		return v.then("trouble", "Consent to "+role+" is given.", "Test the connection in Muster again.")
	default:
		return fmt.Errorf("nothing is called %q here", act)
	}
}

// requestsShown is how many requests the log shows.
const requestsShown = 200

// requestsPage is what Muster asked for.
type requestsPage struct {
	entrasim.Traffic
	Kinds []kindCount
}

type kindCount struct {
	Kind  string
	Count int
}

// requests shows what Muster asked for, the last first.
func (s *Stage) requests(v *visit) error {
	p := requestsPage{Traffic: s.control.Requests()}
	slices.Reverse(p.Recent)
	p.Recent = p.Recent[:min(len(p.Recent), requestsShown)]
	for kind, n := range p.ByKind {
		p.Kinds = append(p.Kinds, kindCount{kind, n})
	}
	slices.SortFunc(p.Kinds, func(a, b kindCount) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		if a.Kind < b.Kind {
			return -1
		}
		return 1
	})
	return v.show(http.StatusOK, "requests", "Requests", nil, p)
}
