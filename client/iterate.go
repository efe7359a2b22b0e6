package client

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"
)

// whole reads a listing that comes whole.
func whole[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	list, err := get[List[T]](ctx, c, path)
	return list.Items, err
}

// pages yields the items of a listing, a page at a time. An error is yielded
// last.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := url.Values{}
		for name, values := range query {
			q[name] = values
		}
		for {
			at := path
			if len(q) > 0 {
				at += "?" + q.Encode()
			}
			part, err := get[Page[T]](ctx, c, at)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range part.Items {
				if !yield(item, nil) {
					return
				}
			}
			if part.Next == "" {
				return
			}
			q.Set("cursor", part.Next)
		}
	}
}

// values are the query of names and values in turn; empty values are left out.
func values(pairs ...string) url.Values {
	out := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		if name, value := pair[0], pair[1]; value != "" {
			out.Set(name, value)
		}
	}
	return out
}

// with is a path with a query.
func with(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}
