package parquet

// Room returns about how many bytes the buffers have.
func (w *Writer) Room() (n int) {
	for _, l := range w.leaves {
		n += l.room()
	}
	return n
}
