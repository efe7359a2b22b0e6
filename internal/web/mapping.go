package web

func (s *Site) mappings(*visit) error { return notHere() }

func (s *Site) orderMappings(*visit) error { return notHere() }

func (s *Site) mappingForm(*visit) error { return notHere() }

func (s *Site) saveMapping(*visit) error { return notHere() }

func (s *Site) tryMapping(*visit) error { return notHere() }

func (s *Site) removeMapping(*visit) error { return notHere() }

func (s *Site) searchUnits(*visit) error { return notHere() }
