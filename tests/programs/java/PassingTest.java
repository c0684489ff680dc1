// SPDX-License-Identifier: GPL-2.0-or-later

/** One of the many that are of no interest. */
public class PassingTest {
    public static void main(String[] args) {
        System.out.println("passed");
    }
}
