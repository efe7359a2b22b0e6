package client

// Problem is why a request was refused, as RFC 9457 has it. It is the error of
// every call that the server answered with one.
type Problem struct {
	Type   string  `json:"type" doc:"Always about:blank: the status and the kind say what sort of problem it is."`
	Title  string  `json:"title" doc:"The status in words."`
	Status int     `json:"status" doc:"The HTTP status."`
	Kind   string  `json:"kind" doc:"What sort of fault it is, for programs: invalid, not found, conflict, forbidden, unauthenticated, unavailable, incomplete, expired, held, internal."`
	Detail string  `json:"detail" doc:"What is wrong, for people."`
	Hint   string  `json:"hint,omitempty" doc:"What to do next, for people."`
	Errors []Fault `json:"errors,omitempty" doc:"What is wrong with parts of the request."`
	// Request is for the log of the server.
	Request string `json:"request,omitempty" doc:"The number of the request in the server's log."`
}

// Fault is what is wrong with one part of a request.
type Fault struct {
	Location string `json:"location" doc:"Which part: body.fields.Serial number, query.limit, path.record, header.If-Match."`
	Message  string `json:"message" doc:"What is wrong with it."`
}

// Error says what is wrong and what to do next.
func (p *Problem) Error() string {
	if p.Hint != "" {
		return p.Detail + " (" + p.Hint + ")"
	}
	return p.Detail
}

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type that goes with an answer's.
func (p *Problem) ContentType(string) string { return "application/problem+json" }
