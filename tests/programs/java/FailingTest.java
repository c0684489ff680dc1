// SPDX-License-Identifier: GPL-2.0-or-later

/** The one that is looked for. */
public class FailingTest {
    public static void main(String[] args) {
        System.exit(1);
    }
}
