// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>

__rust_helper u64 rust_helper_get_jiffies_64(void)
{
	return get_jiffies_64();
}

__rust_helper unsigned int rust_helper_jiffies_to_msecs(const unsigned long j)
{
	return jiffies_to_msecs(j);
}

__rust_helper unsigned int rust_helper_jiffies_to_usecs(const unsigned long j)
{
	return jiffies_to_usecs(j);
}
