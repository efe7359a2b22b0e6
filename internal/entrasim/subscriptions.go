package entrasim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/guid"
)

// subscription is one change notification subscription.
// https://learn.microsoft.com/graph/api/resources/subscription
type subscription struct {
	ID                 string    `json:"id"`
	Resource           string    `json:"resource"`
	ApplicationID      string    `json:"applicationId"`
	ChangeType         string    `json:"changeType"`
	ClientState        *string   `json:"clientState"`
	NotificationURL    string    `json:"notificationUrl"`
	LifecycleURL       *string   `json:"lifecycleNotificationUrl"`
	Expires            time.Time `json:"expirationDateTime"`
	CreatorID          string    `json:"creatorId"`
	LatestTLS          string    `json:"latestSupportedTlsVersion"`
	IncludeData        *bool     `json:"includeResourceData"`
	NotificationFormat string    `json:"notificationContentType,omitempty"`
}

// Limits of subscriptions on directory resources.
const (
	longestSubscription  = 41_760 * time.Minute
	shortestSubscription = 45 * time.Minute
	maxSubscriptions     = 100
	handshakeTimeout     = 10 * time.Second
	deliveryTimeout      = 3 * time.Second
)

func (s *subscription) fixed() fixed {
	return fixed{{"id", s.ID}, {"resource", s.Resource}, {"applicationId", s.ApplicationID}, {"changeType", s.ChangeType},
		{"clientState", s.ClientState}, {"notificationUrl", s.NotificationURL}, {"lifecycleNotificationUrl", s.LifecycleURL},
		{"expirationDateTime", s.Expires}, {"creatorId", s.CreatorID}, {"latestSupportedTlsVersion", s.LatestTLS}, {"includeResourceData", s.IncludeData}}
}

func (t *Tenant) getSubscriptions(req *request, p []string) (*reply, error) {
	if len(p) == 1 {
		s := t.subs[p[0]]
		if s == nil || s.Expires.Before(t.now()) {
			return nil, notFound(p[0])
		}
		return fixedOne(req, "subscriptions", s.fixed())
	}
	var all []fixed
	for _, s := range t.subs {
		if s.Expires.After(t.now()) {
			all = append(all, s.fixed())
		}
	}
	slices.SortFunc(all, func(a, b fixed) int { return strings.Compare(a.text("id"), b.text("id")) })
	return fixedList(req, "subscriptions", all)
}

// writeSubscription serves POST, PATCH and DELETE.
func (t *Tenant) writeSubscription(req *request, p []string) (*reply, error) {
	if req.method == http.MethodPost && len(p) == 0 {
		return t.subscribe(req)
	}
	if len(p) == 0 {
		return nil, noSegment("subscriptions")
	}
	t.Mu.Lock()
	defer t.Mu.Unlock()
	s := t.subs[p[0]]
	if s == nil {
		return nil, notFound(p[0])
	}
	switch {
	case req.method == http.MethodDelete:
		delete(t.subs, p[0])
		return &reply{status: http.StatusNoContent, header: http.Header{}}, nil
	case req.method == http.MethodPost && len(p) == 2 && p[1] == "reauthorize":
		return &reply{status: http.StatusNoContent, header: http.Header{}}, nil
	case req.method != http.MethodPatch:
		return nil, badRequest("Method not allowed on subscriptions.")
	}
	var in struct {
		Expires time.Time `json:"expirationDateTime"`
	}
	if err := json.Unmarshal(req.body, &in); err != nil {
		return nil, badRequest("Unable to read JSON request payload.")
	}
	expires, err := t.lifetime(in.Expires)
	if err != nil {
		return nil, err
	}
	s.Expires = expires
	return fixedOne(req, "subscriptions", s.fixed())
}

// lifetime lifts short subscriptions to 45 minutes and refuses long ones.
func (t *Tenant) lifetime(expires time.Time) (time.Time, error) {
	left := expires.Sub(t.now())
	if left > longestSubscription {
		return expires, badRequest("Subscription expiration can only be %d minutes in the future.", int(longestSubscription.Minutes()))
	}
	if left <= 0 {
		return expires, badRequest("Subscription expiration must be in the future.")
	}
	return t.now().Add(max(left, shortestSubscription)), nil
}

func (t *Tenant) subscribe(req *request) (*reply, error) {
	s := &subscription{ID: guid.New(), ApplicationID: t.cfg.ClientID, CreatorID: t.principalID(), LatestTLS: "v1_2"}
	id := s.ID
	if err := json.Unmarshal(req.body, s); err != nil {
		return nil, badRequest("Unable to read JSON request payload.")
	}
	s.ID, s.ApplicationID = id, t.cfg.ClientID
	if err := checkSubscription(s); err != nil {
		return nil, err
	}
	var err error
	if s.Expires, err = t.lifetime(s.Expires); err != nil {
		return nil, err
	}
	urls := []string{s.NotificationURL}
	if s.LifecycleURL != nil {
		urls = append(urls, *s.LifecycleURL)
	}
	for _, u := range urls {
		if err := handshake(u); err != nil {
			return nil, err
		}
	}
	t.Mu.Lock()
	defer t.Mu.Unlock()
	if len(t.subs) >= maxSubscriptions {
		return nil, &graphError{status: http.StatusForbidden, code: "Forbidden", message: "Subscription quota has been reached for this application and tenant."}
	}
	t.subs[s.ID] = s
	r, err := fixedOne(req, "subscriptions", s.fixed())
	if err == nil {
		r.status = http.StatusCreated
	}
	return r, err
}

func checkSubscription(s *subscription) error {
	head, _, _ := strings.Cut(strings.Trim(strings.ToLower(s.Resource), "/"), "/")
	switch {
	case head != "users" && head != "groups":
		return badRequest("Resource '%s' is not supported for subscriptions.", s.Resource)
	case s.ClientState != nil && len(*s.ClientState) > 128:
		return badRequest("ClientState must be at most 128 characters.")
	}
	for _, c := range strings.Split(s.ChangeType, ",") {
		if c = strings.TrimSpace(c); c != "updated" && c != "deleted" && c != "created" {
			return badRequest("Invalid changeType '%s'.", s.ChangeType)
		}
	}
	u, err := url.Parse(s.NotificationURL)
	loopback := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1")
	if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return badRequest("The notificationUrl must be https.")
	}
	return nil
}

// handshake posts a validation token, spaces and symbols included, and wants
// it back as plain text.
// https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
func handshake(to string) error {
	failed := func(why string) error {
		return &graphError{status: 400, code: "ValidationError", message: "Subscription validation request failed. " + why}
	}
	token := "Validation: Testing client application reachability <b>&+%" + guid.New()
	u, err := url.Parse(to)
	if err != nil {
		return failed(err.Error())
	}
	q := u.Query()
	q.Set("validationToken", token)
	u.RawQuery = q.Encode()
	client := &http.Client{Timeout: handshakeTimeout}
	resp, err := client.Post(u.String(), "text/plain; charset=utf-8", nil)
	if err != nil {
		return failed("Could not reach the notification endpoint.")
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil || resp.StatusCode != http.StatusOK || string(got) != token || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		return failed("The endpoint must answer 200 with the validation token as text/plain.")
	}
	return nil
}

// notify tells subscribers of a change, in the background and without retries.
// The caller holds the write lock.
func (t *Tenant) notify(k estate.Kind, index int, o estate.Op) {
	if len(t.subs) == 0 || k != estate.KindUser && k != estate.KindGroup {
		return
	}
	changeType, id := "updated", t.ID(estate.MakeRef(k, index))
	if o == estate.OpPurge {
		changeType = "deleted"
	}
	set, odata := "Users", "#Microsoft.Graph.User"
	if k == estate.KindGroup {
		set, odata = "Groups", "#Microsoft.Graph.Group"
	}
	for _, s := range t.subs {
		resource := strings.Trim(strings.ToLower(s.Resource), "/")
		wanted := resource == strings.ToLower(set) || strings.HasPrefix(resource, strings.ToLower(set)+"/"+id)
		if !wanted || !strings.Contains(s.ChangeType, changeType) || s.Expires.Before(t.now()) {
			continue
		}
		body, err := json.Marshal(map[string]any{"value": []any{map[string]any{
			"subscriptionId": s.ID, "subscriptionExpirationDateTime": s.Expires, "clientState": s.ClientState, "changeType": changeType,
			"resource": set + "/" + id, "tenantId": t.cfg.TenantID, "resourceData": map[string]any{
				"@odata.type": odata, "@odata.id": set + "/" + id, "id": id, "organizationId": t.cfg.TenantID, "sequenceNumber": t.Seq}}}})
		if err == nil {
			go deliver(s.NotificationURL, body)
		}
	}
}

func deliver(to string, body []byte) {
	client := &http.Client{Timeout: deliveryTimeout}
	resp, err := client.Post(to, "application/json; charset=utf-8", bytes.NewReader(body))
	if err == nil {
		_ = resp.Body.Close() // a notification is a hint; a lost one is nobody's error
	}
}
