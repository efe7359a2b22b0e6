package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// leastRoom is below which a disk may be full any minute: a sync of a large
// directory writes some hundred megabytes.
const leastRoom = 512 << 20

// Disk looks how much room there is where a folder is, or will be. need is how
// much another copy of the data takes, in bytes: a backup, or a restore.
func Disk(folder string, need int64) Line {
	free, total, err := room(folder)
	if err != nil {
		return failed("disk", "How much room there is for "+folder+" cannot be seen.", "Check the file system with: df "+folder, err)
	}
	return judgeRoom(folder, free, total, need)
}

// judgeRoom decides by the numbers.
//
//	free                               state
//	less than half a gigabyte          fail
//	less than another copy takes       warn
//	more                               pass
func judgeRoom(folder string, free, total, need int64) Line {
	l := Line{ID: "disk", State: Pass, Text: fmt.Sprintf("The disk of %s has %s free of %s.", folder, Size(free), Size(total))}
	switch {
	case free < leastRoom:
		l.State, l.Remedy = Fail, "Make room, or move the data folder to a larger disk. On a full disk nothing can be written."
	case free < need+leastRoom:
		l.State, l.Remedy = Warn, fmt.Sprintf("Another copy of the database takes %s. Write backups to another disk, or make room.", Size(need))
	}
	return l
}

// room returns the free and all bytes of the file system that a folder, or the
// nearest one above it that exists, is on. Free is what others than root may use.
func room(folder string) (free, total int64, err error) {
	path, err := filepath.Abs(folder)
	if err != nil {
		return 0, 0, err
	}
	for _, err := os.Stat(path); err != nil && filepath.Dir(path) != path; _, err = os.Stat(path) {
		path = filepath.Dir(path)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, err
	}
	block := int64(s.Bsize)
	return int64(s.Bavail) * block, int64(s.Blocks) * block, nil // #nosec G115 -- blocks of a disk
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	const k = 1024
	switch {
	case n < k:
		return fmt.Sprintf("%d bytes", n)
	case n < k*k:
		return fmt.Sprintf("%d KB", n/k)
	case n < k*k*k:
		return fmt.Sprintf("%d MB", n/(k*k))
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(k*k*k))
}
