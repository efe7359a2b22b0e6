package web

import (
	"fmt"
	"strings"
	"testing"

	"rsc.io/qr"
)

func TestBrowsersAreNamedInWords(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                         "Chrome on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/604.1":     "Safari on iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:142.0) Gecko/20100101 Firefox/142.0":                                          "Firefox on macOS",
		"Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":        "Samsung Internet on Android",
		"curl/8.5.0":       "curl",
		"Go-http-client/1": "Go-http-client/1",
		"":                 "unknown",
	} {
		if got := agentName(agent); got != want {
			t.Errorf("%s is %q, want %q", agent, got, want)
		}
	}
}

// The path has each dark square once, and nothing else.
func TestThePictureToScanIsDrawnWhole(t *testing.T) {
	t.Parallel()
	c, err := qr.Encode("otpauth://totp/Muster:ann@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[[2]int]int{}
	for piece := range strings.SplitSeq(strings.TrimSuffix(qrPath(c), "z"), "z") {
		x, y, n := 0, 0, 0
		if _, err := fmt.Sscanf(piece, "M%d %dh%dv1", &x, &y, &n); err != nil {
			t.Fatalf("%q: %v", piece, err)
		}
		for i := range n {
			drawn[[2]int{x + i, y}]++
		}
	}
	for y := range c.Size {
		for x := range c.Size {
			want := 0
			if c.Black(x, y) {
				want = 1
			}
			if drawn[[2]int{x, y}] != want {
				t.Fatalf("square %d, %d is drawn %d times, want %d", x, y, drawn[[2]int{x, y}], want)
			}
		}
	}
}
