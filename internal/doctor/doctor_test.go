package doctor

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheWorstLineIsTheState(t *testing.T) {
	t.Parallel()
	var told []string
	r := Report{Tell: func(l Line) { told = append(told, l.ID) }}
	for _, tt := range []struct{ add, want State }{{Pass, Pass}, {Skip, Pass}, {Warn, Warn}, {Pass, Warn}, {Fail, Fail}, {Warn, Fail}} {
		r.Add(Line{ID: string(tt.add), State: tt.add})
		if got := r.State(); got != tt.want {
			t.Errorf("after %s the state is %s, want %s", tt.add, got, tt.want)
		}
	}
	if got := strings.Join(told, " "); got != "pass skip warn pass fail warn" {
		t.Errorf("it told of %s", got)
	}
	text, err := json.Marshal(&r)
	if err != nil || !strings.HasPrefix(string(text), `{"state":"fail","lines":[{"id":"pass","state":"pass","text":"","remedy":"","detail":""}`) {
		t.Errorf("as JSON it is %s, %v", text, err)
	}
}

func TestLinesShowTheirDetailWhenSomethingIsWrong(t *testing.T) {
	t.Parallel()
	l := Line{State: Fail, Text: "It is broken.", Remedy: "Mend it.", Detail: "code 7\nline 2"}
	if got, want := l.Format(), "✗ It is broken.\n    Mend it.\n    (code 7\n     line 2)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	l.State = Pass
	if got, want := l.Format(), "✓ It is broken.\n    Mend it.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRoomIsJudgedByWhatACopyTakes(t *testing.T) {
	t.Parallel()
	const gb = 1 << 30
	for _, tt := range []struct {
		free, need int64
		want       State
	}{{100, 0, Fail}, {leastRoom - 1, 0, Fail}, {leastRoom, 0, Pass}, {3 * gb, 2 * gb, Pass}, {2 * gb, 2 * gb, Warn}} {
		if got := judgeRoom("/data", tt.free, 10*gb, tt.need); got.State != tt.want || (got.Remedy == "") != (tt.want == Pass) {
			t.Errorf("%s free for %s more: got %+v, want %s", Size(tt.free), Size(tt.need), got, tt.want)
		}
	}
	if l := Disk(filepath.Join(t.TempDir(), "not", "there", "yet"), 0); l.State == Fail && l.Detail != "" {
		t.Errorf("a folder to be made is %+v", l)
	}
}

func TestAFolderHoldsOneUsersFiles(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	if l := Files(folder); l.State != Skip {
		t.Errorf("a missing one is %+v", l)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "muster.db")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if l := Files(folder); l.State != Pass {
		t.Errorf("a closed one is %+v", l)
	}
	if l := Files(file); l.State != Fail {
		t.Errorf("a file is %+v", l)
	}
	if os.Getuid() != 0 {
		return // only root gives files away
	}
	if err := os.Chown(file, 4321, 4321); err != nil {
		t.Fatal(err)
	}
	if l := Files(folder); l.State != Fail || !strings.Contains(l.Text, "muster.db") {
		t.Errorf("one with a file of another user is %+v", l)
	}
}

func TestSizesAreForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{7: "7 bytes", 4096: "4 KB", 5 << 20: "5 MB", 3 << 29: "1.5 GB"} {
		if got := Size(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
