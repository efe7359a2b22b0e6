package storetest

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// Line is a network line that can be broken: a proxy between a program and what it
// talks to.
type Line struct {
	l    net.Listener
	dial func() (net.Conn, error)

	mu      sync.Mutex
	state   lineState
	moved   chan struct{} // closed at each change of state
	conns   map[net.Conn]bool
	word    []byte // nil, or what ends the connection on which it is said
	arrives bool   // before that, the word does
}

type lineState int

const (
	whole lineState = iota
	cut
	stalled
)

// Lay lays a line, for the length of a test.
func Lay(t testing.TB, dial func() (net.Conn, error)) *Line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Line{l: l, dial: dial, moved: make(chan struct{}), conns: map[net.Conn]bool{}}
	go p.accept()
	t.Cleanup(func() {
		l.Close()
		p.Cut()
	})
	return p
}

// Address is where the line begins.
func (p *Line) Address() string { return p.l.Addr().String() }

// Cut breaks off what is open and refuses what is new.
func (p *Line) Cut() {
	p.set(cut)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Stall lets nothing pass, and tells nobody.
func (p *Line) Stall() { p.set(stalled) }

// Mend makes the line whole.
func (p *Line) Mend() { p.set(whole) }

// BreakOff ends, once, the connection on which a program says a word: before that
// arrives, or before it is answered.
func (p *Line) BreakOff(word string, arrives bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.word, p.arrives = []byte(word), arrives
}

func (p *Line) set(s lineState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	close(p.moved)
	p.moved = make(chan struct{})
}

// pass waits until the line is not stalled, and reports whether it is whole.
func (p *Line) pass() bool {
	for {
		p.mu.Lock()
		s, moved := p.state, p.moved
		p.mu.Unlock()
		if s != stalled {
			return s == whole
		}
		<-moved
	}
}

// says reports what to do with what a program says: nothing special, or to end
// the connection at once or at the answer.
func (p *Line) says(what []byte) (ends, arrives bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.word == nil || !bytes.Contains(what, p.word) {
		return false, false
	}
	p.word = nil
	return true, p.arrives
}

func (p *Line) accept() {
	for {
		near, err := p.l.Accept()
		if err != nil {
			return
		}
		go p.carry(near)
	}
}

// carry carries one connection.
func (p *Line) carry(near net.Conn) {
	defer near.Close()
	if !p.pass() {
		return
	}
	far, err := p.dial()
	if err != nil {
		return
	}
	defer far.Close()
	if !p.keep(near, far) {
		return
	}
	defer p.drop(near, far)
	done := make(chan bool, 2)
	deaf := make(chan bool, 1) // has a value when the next answer is not to be heard
	go func() {
		p.copy(near, far, func(what []byte) bool {
			ends, arrives := p.says(what)
			if ends && arrives {
				deaf <- true
			}
			return !ends || arrives
		})
		done <- true
	}()
	go func() {
		p.copy(far, near, func([]byte) bool { return len(deaf) == 0 })
		done <- true
	}()
	<-done // a half that ends ends the other
}

func (p *Line) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
	}
	return p.state != cut
}

func (p *Line) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

// copy passes on what comes, for as long as hear lets it.
func (p *Line) copy(from, to net.Conn, hear func(what []byte) bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !p.pass() || !hear(buffer[:n]) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
