// SPDX-License-Identifier: GPL-2.0

#include <linux/sched.h>

#ifdef CONFIG_FAULT_INJECTION

/* Sets which allocation of the current task fails next, and returns what was left to count. */
__rust_helper unsigned int rust_helper_exchange_fail_nth(unsigned int nth)
{
	unsigned int left = READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, nth);
	return left;
}

#endif
