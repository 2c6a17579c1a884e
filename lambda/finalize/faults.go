package finalize

import (
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
)

// faults are the reasons why a run is not whole. All are counted, and the first few are shown.
type faults struct {
	shown []string
	count int
}

const maxShown = 5

func (f *faults) add(faults ...string) {
	f.count += len(faults)
	f.shown = append(f.shown, faults[:min(len(faults), maxShown-len(f.shown))]...)
}

// join adds the faults of o.
func (f *faults) join(o faults) {
	f.add(o.shown...)
	f.count += o.count - len(o.shown)
}

// String shows the first faults and says how many more there are.
func (f *faults) String() string {
	shown := strings.Join(f.shown, "; ")
	if more := f.count - len(f.shown); more > 0 {
		shown += fmt.Sprintf("; and %d more", more)
	}
	return shown
}

// inconsistent says that the lists and the bucket do not fit together.
func (c commit) inconsistent(f faults) error {
	return failure.Errorf(failure.ListsInconsistent,
		"nothing was committed, because the run at %s is not whole: %s. Another program may have written or removed objects there; start a new execution",
		c.bucket.URI(c.layout.Root), &f)
}

// uploadGone says that the uploads of some keys are neither open nor completed. oldest is when the oldest upload of the run was begun.
func (c commit) uploadGone(keys faults, oldest time.Time) error {
	return failure.Errorf(failure.UploadGone,
		"nothing was committed, because S3 no longer has %d uploads of the run in bucket %s: %s. The oldest upload was begun at %s, %s ago. "+
			"A lifecycle rule of the bucket with AbortIncompleteMultipartUpload aborts uploads after some days, and a person or a program can abort them too. "+
			"Let such a rule leave uploads alone for longer than a run and its redrives take, and start a new execution under another name",
		keys.count, c.bucket.Name(), &keys, oldest.UTC().Format(time.RFC3339), age(time.Since(oldest)))
}

// age is a duration in days and hours, or in minutes.
func age(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	hours := int(d.Hours())
	return fmt.Sprintf("%d days and %d hours", hours/24, hours%24)
}
