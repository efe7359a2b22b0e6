package web

func (s *Site) runs(*visit) error { return notHere() }

func (s *Site) startRun(*visit) error { return notHere() }

func (s *Site) run(*visit) error { return notHere() }

func (s *Site) runProgress(*visit) error { return notHere() }

func (s *Site) approveRun(*visit) error { return notHere() }

func (s *Site) undoRun(*visit) error { return notHere() }

func (s *Site) cancelRun(*visit) error { return notHere() }
