package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Files looks at the data folder: others may not look into it, and what is in it
// belongs to whom the folder belongs to. A command that was run as root leaves
// files that the server may not write.
//
//	folder        files                state
//	missing       -                    skip: it is made at the first start
//	open to all   -                    warn
//	closed        of another user      fail
//	closed        of its own user      pass
func Files(folder string) Line {
	l := Line{ID: "files", State: Pass, Text: "The data folder " + folder + " is closed to others, and its files belong to one user."}
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Line{ID: l.ID, State: Skip, Text: "There is no data folder " + folder + " yet; it is made at the first start."}
	case err != nil:
		return failed(l.ID, "The data folder "+folder+" cannot be looked into.", "Run this as the user that runs Muster.", err)
	case !info.IsDir():
		return Line{ID: l.ID, State: Fail, Text: folder + " is not a folder.", Remedy: "Name another one with --data."}
	}
	strange, err := ofOthers(folder, info)
	switch {
	case err != nil:
		return failed(l.ID, "The data folder "+folder+" cannot be looked into.", "Run this as the user that runs Muster.", err)
	case len(strange) > 0:
		l.State, l.Text = Fail, fmt.Sprintf("In the data folder, %s belongs to another user than the folder.", strings.Join(strange, ", "))
		l.Remedy = fmt.Sprintf("Give all of it to the user that runs Muster: chown -R --reference=%s %s", folder, folder)
	case info.Mode().Perm()&0o077 != 0:
		l.State, l.Text = Warn, fmt.Sprintf("Others on this machine may look into the data folder %s (mode %04o).", folder, info.Mode().Perm())
		l.Remedy = "Close it: chmod 700 " + folder
	}
	return l
}

// ofOthers names up to five files below a folder that another user owns.
func ofOthers(folder string, info fs.FileInfo) (names []string, err error) {
	owner, known := ownerOf(info)
	if !known {
		return nil, nil
	}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) { // it came and went
			return nil
		}
		if err != nil {
			return err
		}
		if uid, _ := ownerOf(info); uid != owner {
			names = append(names, d.Name())
		}
		if len(names) == 5 {
			return filepath.SkipAll
		}
		return nil
	})
	return names, err
}

// ownerOf returns the number of a file's user, where the system has such.
func ownerOf(info fs.FileInfo) (uid uint32, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return stat.Uid, true
}

func failed(id, text, remedy string, err error) Line {
	return Line{ID: id, State: Fail, Text: text, Remedy: remedy, Detail: err.Error()}
}
