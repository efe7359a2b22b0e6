package cli

import (
	"context"
	"log/slog"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// mailEvery is how often it is looked whether letters are due.
const mailEvery = 3 * time.Second

// keepMail takes letters to the mail server until the context ends. Any number of
// processes may: each letter is one's at a time.
func (h *house) keepMail(ctx context.Context, log *slog.Logger) {
	wait := time.NewTicker(mailEvery)
	defer wait.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		sent, err := h.mail.Deliver(ctx)
		if sent > 0 {
			log.Info("letters were sent", "letters", sent)
		}
		switch {
		case err == nil:
			told = ""
		case ctx.Err() == nil && err.Error() != told:
			told = err.Error() // a fault that stays is logged when it appears
			log.Error("letters could not be sent", "error", err, "next step", errs.HintOf(err))
		}
	}
}
