package servers

// ChildURL returns the address of the server's own process.
func (s *Server) ChildURL() string {
	if s.child == "" {
		return s.URL
	}
	return s.child
}
