/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_INTERFACE_H
#define DWD_INTERFACE_H

/*
 * The text of io.dwd.Watchdog.varlink, for org.varlink.service.GetInterfaceDescription. The file
 * is the only definition of the interface; the build turns it into this string.
 */
extern const char dwd_interface_varlink[];

#endif
