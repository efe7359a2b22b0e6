package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/server"
)

const never = time.Hour

func TestAClientThatDoesNotFinishItsHeaderIsLetGo(t *testing.T) {
	t.Parallel()
	r := start(t, hello, server.Options{}.Patient(10*time.Millisecond, never, never))
	if got := r.raw("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "); strings.Contains(got, "200 OK") {
		t.Errorf("it was answered %q", got)
	}
}

func TestAClientThatDoesNotSendItsBodyIsLetGo(t *testing.T) {
	t.Parallel()
	read := make(chan error, 1)
	r := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
	}, server.Options{}.Patient(never, 10*time.Millisecond, never))
	r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
	if err := <-read; err == nil {
		t.Error("the handler read half a body as if it were all")
	}
}

func TestAClientWhoseBodyNobodyReadsIsLetGo(t *testing.T) {
	t.Parallel()
	r := start(t, hello, server.Options{}.Patient(never, 10*time.Millisecond, never))
	if got := r.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"); !strings.Contains(got, "200 OK") {
		t.Errorf("it was answered %q", got)
	}
}

func TestAClientThatDoesNotReadIsLetGo(t *testing.T) {
	t.Parallel()
	wrote := make(chan error, 1)
	r := start(t, func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for piece := make([]byte, 1<<20); err == nil; { // more than any buffer on the way
			_, err = w.Write(piece)
		}
		wrote <- err
	}, server.Options{}.Patient(never, never, 10*time.Millisecond))
	conn := r.dial()
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := <-wrote; err == nil {
		t.Error("writing never failed")
	}
}

func TestAHandlerThatWorksLongIsNotCutOff(t *testing.T) {
	t.Parallel()
	patience := 20 * time.Millisecond
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		select { // longer than a client may take
		case <-r.Context().Done():
			t.Error("the request was cancelled while it was worked on")
		case <-time.After(5 * patience):
		}
		hello(w, r)
	}, server.Options{}.Patient(patience, patience, patience))
	got := r.raw("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody")
	if !strings.HasSuffix(got, "hello") {
		t.Errorf("the answer is %q", got)
	}
}

func TestAStreamLivesLongerThanAClientMayTake(t *testing.T) {
	t.Parallel()
	patience := 20 * time.Millisecond
	r := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 2 {
			fmt.Fprint(w, "data: tick\n\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-time.After(3 * patience)
		}
		fmt.Fprint(w, "data: end\n\n")
	}, server.Options{}.Patient(never, never, patience))
	res, body := r.get("/", "Accept-Encoding", "gzip")
	if res.Header.Get("Content-Encoding") != "" || body != "data: tick\n\ndata: tick\n\ndata: end\n\n" {
		t.Errorf("the stream is %q %q", res.Header.Get("Content-Encoding"), body)
	}
}

func TestBodiesHaveALimit(t *testing.T) {
	t.Parallel()
	var fault error
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fault = err
		fmt.Fprint(w, n)
	}, server.Options{})
	const most, mostFiles = 1 << 20, 32 << 20
	for name, tt := range map[string]struct {
		kind  string
		size  int64
		known bool
		want  int
		cut   bool
	}{
		"a form that fits":           {"application/x-www-form-urlencoded", most, true, 200, false},
		"a form that says too much":  {"application/x-www-form-urlencoded", most + 1, true, 413, false},
		"a form that does not say":   {"application/x-www-form-urlencoded", most + 1, false, 200, true},
		"a file that fits":           {"multipart/form-data; boundary=x", mostFiles, true, 200, false},
		"a file that says too much":  {"Multipart/Form-Data; boundary=x", mostFiles + 1, true, 413, false},
		"a file without a boundary":  {"multipart/form-data", mostFiles, true, 200, false},
		"something unknown too long": {"", most + 1, true, 413, false},
	} {
		fault = nil
		req, err := http.NewRequest(http.MethodPost, "http://"+r.addr, io.LimitReader(zeros{}, tt.size))
		if err != nil {
			t.Fatal(err)
		}
		if req.ContentLength = -1; tt.known {
			req.ContentLength = tt.size
		}
		req.Header.Set("Expect", "100-continue") // so that a refusal is heard before all is sent
		res, err := (&http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}).RoundTrip(withKind(req, tt.kind))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("%s: got %d, want %d", name, res.StatusCode, tt.want)
		}
		var tooLarge *http.MaxBytesError
		if errors.As(fault, &tooLarge) != tt.cut {
			t.Errorf("%s: reading failed with %v", name, fault)
		}
	}
}

func withKind(r *http.Request, kind string) *http.Request {
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestAHeaderHasALimit(t *testing.T) {
	t.Parallel()
	r := start(t, hello, server.Options{})
	conn := r.dial()
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 80<<10))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "431") {
		t.Errorf("a header of 80 KB is answered %q, %v", line, err)
	}
}
