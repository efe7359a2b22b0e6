package entra

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/errs"
)

// SignInError is a refusal of the token endpoint. It stands in the chain of
// every error that signing in caused.
type SignInError struct {
	Status        int
	Name          string // OAuth's name: "invalid_client"
	Codes         []int  // AADSTS numbers, the telling one first
	TraceID       string
	CorrelationID string
	Timestamp     string
}

// Error names the code and the IDs that a support case needs.
func (e *SignInError) Error() string {
	code := e.Name
	if len(e.Codes) > 0 {
		code = fmt.Sprintf("AADSTS%d %s", e.Codes[0], e.Name)
	}
	return fmt.Sprintf("%s (status %d, trace ID %s, correlation ID %s)", code, e.Status, e.TraceID, e.CorrelationID)
}

var codeInText = regexp.MustCompile(`AADSTS(\d+)`)

// readSignInError reads the body of a refusal, nil when it is none of the
// sign-in host's: a proxy's page for example.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func readSignInError(status int, body []byte) *SignInError {
	var shape struct {
		Name        string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
		Trace       string `json:"trace_id"`
		Correlation string `json:"correlation_id"`
		Timestamp   string `json:"timestamp"`
	}
	if json.Unmarshal(body, &shape) != nil || shape.Name == "" {
		return nil
	}
	e := &SignInError{Status: status, Name: shape.Name, Codes: shape.Codes,
		TraceID: shape.Trace, CorrelationID: shape.Correlation, Timestamp: shape.Timestamp}
	if found := codeInText.FindStringSubmatch(shape.Description); len(e.Codes) == 0 && found != nil {
		if n, err := strconv.Atoi(found[1]); err == nil {
			e.Codes = []int{n}
		}
	}
	return e
}

// advice returns what to tell about the error: by code, else by name.
func (e *SignInError) advice() advice {
	for _, code := range e.Codes {
		if a, ok := adviceByCode[code]; ok {
			return a
		}
	}
	if a, ok := adviceByName[strings.ToLower(e.Name)]; ok {
		return a
	}
	return advice{errs.Unauthenticated, "The sign-in host refuses.", "Look the code up at https://login.microsoftonline.com/error"}
}

// transient reports whether the same request may succeed later.
func (e *SignInError) transient() bool { return e.advice().kind == errs.Unavailable }

// classify gives the refusal its kind, sentence and next step. secretIsID adds
// that the secret looks like the ID of one.
func (e *SignInError) classify(cloud Cloud, secretIsID bool) error {
	a := e.advice()
	if secretIsID && e.Name == "invalid_client" {
		a.text += " What was pasted looks like the Secret ID, not the Value."
	}
	if cloud != "" && cloud != Global && cloud != Custom {
		a.remedy += " The portal is " + cloud.PortalURL() + "."
	}
	return &errs.Error{Kind: a.kind, Op: "sign in", Message: strings.TrimSuffix(a.text, "."), Hint: a.remedy, Err: e}
}
