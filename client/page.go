package client

// Page is a part of a listing.
type Page[T any] struct {
	Items []T    `json:"items" doc:"The items of this page."`
	Next  string `json:"next,omitempty" doc:"What to pass as cursor for the next page; missing on the last."`
}

// List is a listing that comes whole.
type List[T any] struct {
	Items []T `json:"items" doc:"All items."`
}
