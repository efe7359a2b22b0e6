package entrasim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kinds of fault.
const (
	FaultThrottle       = "throttle"            // 429; RetryAfter says how
	FaultStatus         = "status"              // Status, with RetryAfter when set
	FaultCut            = "cut"                 // connection cut after Fraction of the body
	FaultTruncate       = "truncate"            // a complete response that holds Fraction of the JSON
	FaultMalformed      = "malformed"           // JSON broken in the middle
	FaultSlow           = "slow"                // DelayMS before the response
	FaultExpiredPage    = "expired_page_token"  // 400 on nextLinks
	FaultExpiredDelta   = "expired_delta_token" // 400, or 410 with Location when Status is 410
	FaultRepeatPage     = "repeat_page"         // the nextLink leads to the same page again
	FaultEndlessNext    = "endless_next"        // the last page has a nextLink
	FaultEmpty          = "empty"               // 200 with an empty value and no nextLink
	FaultEmptyPage      = "empty_page"          // delta: an empty page with a nextLink
	FaultHollowMembers  = "hollow_members"      // mixed collections: type and id, nulls elsewhere
	FaultClockSkew      = "clock_skew"          // SkewSeconds on Date, tokens and times
	FaultSecretExpired  = "secret_expired"      // every secret counts as expired
	FaultConsentMissing = "consent_missing"     // tokens have no roles
	FaultSignIn         = "sign_in"             // the token endpoint answers AADSTS Code
	FaultDuplicates     = "duplicates"          // delta: an object twice on a page
	FaultRemovedInitial = "removed_initial"     // delta: @removed in the first page of an initial round
	FaultReplay         = "replay"              // delta: the last round once more
	FaultDelayed        = "delayed"             // delta: changes appear DelayMS late
	FaultSplitGroups    = "split_groups"        // delta: three members a page
	FaultUnauthorized   = "unauthorized"        // 401 although the token is good
)

func faultKinds() []string {
	return []string{FaultThrottle, FaultStatus, FaultCut, FaultTruncate, FaultMalformed, FaultSlow, FaultExpiredPage, FaultExpiredDelta,
		FaultRepeatPage, FaultEndlessNext, FaultEmpty, FaultEmptyPage, FaultHollowMembers, FaultClockSkew, FaultSecretExpired,
		FaultConsentMissing, FaultSignIn, FaultDuplicates, FaultRemovedInitial, FaultReplay, FaultDelayed, FaultSplitGroups, FaultUnauthorized}
}

// Fault is trouble to make. It strikes requests whose path matches; of those
// it lets After pass, then takes every Every-th, at most Times times.
type Fault struct {
	Kind string `json:"kind"`
	// Match is a regular expression on the path without /v1.0, such as
	// "^/users". Empty means every Graph call (FaultSignIn: every token call).
	// Sign-in calls have paths such as /{tenant}/oauth2/v2.0/token.
	Match string `json:"match,omitempty"`
	After int    `json:"after,omitempty"`
	Every int    `json:"every,omitempty"` // 0 and 1: each
	Times int    `json:"times,omitempty"` // 0: without end

	// RetryAfter: "10", "2.5", "date" or "date:30" (an HTTP date so many
	// seconds ahead), empty for no header.
	RetryAfter  string  `json:"retry_after,omitempty"`
	Status      int     `json:"status,omitempty"`
	DelayMS     int     `json:"delay_ms,omitempty"`
	Fraction    float64 `json:"fraction,omitempty"` // of the body; 0 means half
	Code        int     `json:"code,omitempty"`     // AADSTS number
	SkewSeconds int     `json:"skew_seconds,omitempty"`
}

// faultPlan is what the faults decided for one request.
type faultPlan struct {
	transport *Fault // throttle, status, cut, truncate, malformed, unauthorized: the first that strikes
	slow      time.Duration
	signIn    int

	expirePage, repeat, endless, empty, emptyPage, hollow bool
	duplicates, removedInitial, replay, split             bool
	expireDelta                                           int // status, 0 none
	delay                                                 time.Duration
}

// faultBox holds the faults and counts their matches.
type faultBox struct {
	mu   sync.Mutex
	list []*armed
}

type armed struct {
	Fault
	match       *regexp.Regexp
	seen, fired int
}

func (b *faultBox) add(f Fault) error {
	if !slices.Contains(faultKinds(), f.Kind) {
		return fmt.Errorf("unknown fault %q; one of %v", f.Kind, faultKinds())
	}
	re, err := regexp.Compile(f.Match)
	if err != nil {
		return fmt.Errorf("fault %s: match: %w", f.Kind, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, &armed{Fault: f, match: re})
	return nil
}

func (b *faultBox) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = nil
}

// active tells whether a standing fault, one that is not about single
// requests, was injected.
func (b *faultBox) active(kind string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.list, func(a *armed) bool { return a.Kind == kind })
}

// snapshot lists the faults with how often each struck.
func (b *faultBox) snapshot() []FaultState {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []FaultState{}
	for _, a := range b.list {
		out = append(out, FaultState{a.Fault, a.seen, a.fired})
	}
	return out
}

// FaultState is a fault with its counters.
type FaultState struct {
	Fault
	Seen  int `json:"seen"`  // matching requests
	Fired int `json:"fired"` // of those, struck
}

// plan counts a request against every fault and gathers what strikes.
func (b *faultBox) plan(path, query string, signIn bool) faultPlan {
	b.mu.Lock()
	defer b.mu.Unlock()
	var p faultPlan
	for _, a := range b.list {
		if a.concerns(path, query) && a.strikes(path, signIn) {
			p.apply(&a.Fault)
		}
	}
	return p
}

// concerns keeps faults about tokens, deltas and members from being spent on
// requests that they could not harm.
func (a *armed) concerns(path, query string) bool {
	query = strings.ReplaceAll(strings.ToLower(query), "%24", "$")
	lower := strings.ToLower(path)
	switch a.Kind {
	case FaultExpiredPage:
		return strings.Contains(query, "$skiptoken=")
	case FaultExpiredDelta, FaultReplay:
		return strings.Contains(query, "$deltatoken=") && !strings.Contains(query, "$deltatoken=latest")
	case FaultEmptyPage, FaultDuplicates, FaultRemovedInitial, FaultDelayed, FaultSplitGroups:
		return strings.Contains(lower, "delta")
	case FaultHollowMembers:
		return strings.Contains(lower, "members")
	}
	return true
}

func (a *armed) strikes(path string, signIn bool) bool {
	if a.Match == "" && signIn != (a.Kind == FaultSignIn) || !a.match.MatchString(path) {
		return false
	}
	a.seen++
	n := a.seen - a.After
	if n <= 0 || a.Every > 1 && n%a.Every != 0 || a.Times > 0 && a.fired >= a.Times {
		return false
	}
	a.fired++
	return true
}

func (p *faultPlan) apply(f *Fault) {
	switch f.Kind {
	case FaultThrottle, FaultStatus, FaultCut, FaultTruncate, FaultMalformed, FaultUnauthorized:
		if p.transport == nil {
			p.transport = f
		}
	case FaultSlow:
		p.slow += time.Duration(f.DelayMS) * time.Millisecond
	case FaultSignIn:
		p.signIn = f.Code
	case FaultExpiredPage:
		p.expirePage = true
	case FaultExpiredDelta:
		p.expireDelta = max(f.Status, 400)
	case FaultRepeatPage:
		p.repeat = true
	case FaultEndlessNext:
		p.endless = true
	case FaultEmpty:
		p.empty = true
	case FaultEmptyPage:
		p.emptyPage = true
	case FaultHollowMembers:
		p.hollow = true
	case FaultDuplicates:
		p.duplicates = true
	case FaultRemovedInitial:
		p.removedInitial = true
	case FaultReplay:
		p.replay = true
	case FaultSplitGroups:
		p.split = true
	case FaultDelayed:
		p.delay = time.Duration(f.DelayMS) * time.Millisecond
	}
}
